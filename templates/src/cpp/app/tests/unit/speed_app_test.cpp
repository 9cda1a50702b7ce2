#include "speed_app.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using nlohmann::json;

namespace {

/** The app between a broker that remembers and a databroker that answers what it is told to. */
struct Bench {
    std::vector<std::pair<std::string, json>> published;
    app::SpeedApp::ReadSpeed read_speed = [] { return 42.0; };
    app::SpeedApp speed_app{[this](const std::string& topic, const std::string& payload) {
                                published.emplace_back(topic, json::parse(payload));
                            },
                            [this] { return read_speed(); }};

    json answer_to(const std::string& request) {
        speed_app.on_get_speed(request);
        REQUIRE(published.size() == 1);
        CHECK(published[0].first == app::GET_SPEED_RESPONSE_TOPIC);
        return published[0].second;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Bench, "a change of the speed is published") {
    speed_app.on_speed(42.0);
    REQUIRE(published.size() == 1);
    CHECK(published[0].first == app::CURRENT_SPEED_TOPIC);
    CHECK(published[0].second == json{{"speed", 42.0}});
}

TEST_CASE_FIXTURE(Bench, "a 32-bit float is published as somebody would write it") {
    speed_app.on_speed(12.3F);
    REQUIRE(published.size() == 1);
    CHECK(published[0].second["speed"] == 12.3);
}

TEST_CASE_FIXTURE(Bench, "a speed that no sensor has set is not published") {
    speed_app.on_speed(std::nullopt);
    CHECK(published.empty());
}

TEST_CASE_FIXTURE(Bench, "a request is answered with its id and the speed") {
    CHECK(answer_to(R"({"requestId": 7})") ==
          json{{"requestId", 7}, {"result", {{"status", 0}, {"speed", 42.0}}}});
}

TEST_CASE_FIXTURE(Bench, "a request is answered when there is no speed yet") {
    read_speed = [] { return std::nullopt; };
    const json answer = answer_to(R"({"requestId": "a"})");
    CHECK(answer["requestId"] == "a");
    CHECK(answer["result"]["status"] == 1);
    CHECK(answer["result"]["message"] == "Vehicle.Speed has no value yet.");
}

TEST_CASE_FIXTURE(Bench, "a request is answered when the databroker is not there") {
    read_speed = []() -> std::optional<double> { throw app::NoAnswer("connection refused"); };
    CHECK(answer_to(R"({"requestId": 7})")["result"]["message"] ==
          "The databroker did not answer: connection refused");
}

TEST_CASE("what is no request is answered with what is missing") {
    for (const char* request : {"", "speed", "[]", "7", "{}", R"({"requestId")", "\xff"}) {
        CAPTURE(request);
        Bench bench;
        const json answer = bench.answer_to(request);
        CHECK(answer["requestId"] == nullptr);
        CHECK(answer["result"]["status"] == 1);
    }
}
