#include "settings.h"

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <stdexcept>
#include <string>

#include "backoff.h"

using app::parse_address;
using app::read_settings;

namespace {

app::Settings settings_of(const std::map<std::string, std::string>& variables) {
    return read_settings([&variables](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
    });
}

}  // namespace

TEST_CASE("addresses are read with and without scheme and port") {
    CHECK(parse_address("grpc://databroker:55556", 55555).text() == "databroker:55556");
    CHECK(parse_address("mqtt://broker", 1883).text() == "broker:1883");
    CHECK(parse_address("10.0.0.1:1884", 1883).text() == "10.0.0.1:1884");
    CHECK(parse_address("mqtt://[::1]:1884/", 1883).text() == "[::1]:1884");
    CHECK(parse_address("mqtt://[::1]", 1883).text() == "[::1]:1883");
}

TEST_CASE("an address that names no service is refused") {
    for (const char* text : {"", "mqtt://", "mqtt://:1883", "broker:", "broker:mqtt", "broker:0", "broker:65536"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(parse_address(text, 1883), std::invalid_argument);
    }
}

TEST_CASE("without variables the services are on this machine") {
    const auto settings = settings_of({});
    CHECK(settings.mqtt.text() == "localhost:1883");
    CHECK(settings.databroker.text() == "localhost:55555");
    CHECK(settings.health_port == 50008);
}

TEST_CASE("variables name the services") {
    const auto settings = settings_of({{"SDV_MQTT_ADDRESS", "mqtt://mqtt-broker:1883"},
                                       {"SDV_VEHICLEDATABROKER_ADDRESS", "grpc://vehicledatabroker:55555"},
                                       {"VEHICLE_APP_PORT", "8080"}});
    CHECK(settings.mqtt.host == "mqtt-broker");
    CHECK(settings.databroker.host == "vehicledatabroker");
    CHECK(settings.health_port == 8080);
}

TEST_CASE("a wrong value is told with its variable") {
    CHECK_THROWS_WITH_AS(settings_of({{"VEHICLE_APP_PORT", "http"}}), "VEHICLE_APP_PORT: \"http\" is not a port",
                         std::invalid_argument);
}

TEST_CASE("pauses grow up to a limit, and begin anew after a success") {
    using namespace std::chrono_literals;
    app::Backoff backoff;
    CHECK(backoff.next() == 200ms);
    CHECK(backoff.next() == 300ms);
    for (int attempt = 0; attempt < 10; ++attempt) backoff.next();
    CHECK(backoff.next() == 2000ms);
    backoff.reset();
    CHECK(backoff.next() == 200ms);
}
