// What the environment says: where the services are, and where to listen.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace app {

/** A service's place on the network. */
struct Address {
    std::string host;
    std::uint16_t port;

    /** `host:port`, an IPv6 address in brackets. */
    std::string text() const;
};

/** Reads `scheme://host[:port]` or `host[:port]`. Throws std::invalid_argument with what is wrong. */
Address parse_address(std::string_view text, std::uint16_t default_port);

struct Settings {
    Address mqtt;
    Address databroker;
    std::uint16_t health_port;
    std::string log_level;
};

/** `variable` answers a variable's value, or null. Throws std::invalid_argument, naming the variable. */
Settings read_settings(const std::function<const char*(const char*)>& variable);

}  // namespace app
