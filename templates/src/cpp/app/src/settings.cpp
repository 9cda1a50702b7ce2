#include "settings.h"

#include <charconv>
#include <stdexcept>

namespace app {

namespace {

std::uint16_t parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (problem != std::errc() || end != text.data() + text.size() || port == 0) {
        throw std::invalid_argument("\"" + std::string(text) + "\" is not a port");
    }
    return port;
}

}  // namespace

std::string Address::text() const {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Address parse_address(std::string_view text, std::uint16_t default_port) {
    std::string_view rest = text;
    if (const auto scheme = rest.find("://"); scheme != std::string_view::npos) rest.remove_prefix(scheme + 3);
    rest = rest.substr(0, rest.find('/'));
    const auto bracket = rest.starts_with('[') ? rest.find(']') : std::string_view::npos;
    const bool is_bracketed = bracket != std::string_view::npos;
    const auto colon = rest.find(':', is_bracketed ? bracket : 0);
    const std::string_view host = is_bracketed ? rest.substr(1, bracket - 1) : rest.substr(0, colon);
    if (host.empty()) throw std::invalid_argument("\"" + std::string(text) + "\" names no host");
    return {std::string(host), colon == std::string_view::npos ? default_port : parse_port(rest.substr(colon + 1))};
}

Settings read_settings(const std::function<const char*(const char*)>& variable) {
    const auto read = [&variable](const char* name, const char* fallback, const auto& parse) {
        const char* value = variable(name);
        try {
            return parse(value == nullptr ? fallback : value);
        } catch (const std::invalid_argument& error) {
            throw std::invalid_argument(std::string(name) + ": " + error.what());
        }
    };
    const auto address_with = [](std::uint16_t port) {
        return [port](const char* text) { return parse_address(text, port); };
    };
    return {
        .mqtt = read("SDV_MQTT_ADDRESS", "mqtt://localhost:1883", address_with(1883)),
        .databroker = read("SDV_VEHICLEDATABROKER_ADDRESS", "grpc://localhost:55555", address_with(55555)),
        .health_port = read("VEHICLE_APP_PORT", "50008", parse_port),
        .log_level = read("LOG_LEVEL", "INFO", [](const char* text) { return std::string(text); }),
    };
}

}  // namespace app
