// From the databroker through the app to MQTT. The app and its services run already.
//
// SDV_VEHICLEDATABROKER_ADDRESS and SDV_MQTT_ADDRESS name the services; without them, VDB_PORT and MQTT_PORT name their
// ports on localhost.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "kuksa/val/v1/val.grpc.pb.h"
#include "mqtt.h"
#include "settings.h"
#include "speed_app.h"

using nlohmann::json;
namespace api = kuksa::val::v1;

namespace {

constexpr std::chrono::seconds TIMEOUT{30};

app::Address address_of(const char* service, const char* port, const char* default_port) {
    if (const char* address = std::getenv(service)) return app::parse_address(address, 1);
    const char* named = std::getenv(port);
    return app::parse_address(std::string("localhost:") + (named == nullptr ? default_port : named), 1);
}

/** What the app publishes. One for all tests, since a connection that comes back by itself never ends. */
class Listener {
public:
    Listener()
        : mqtt_(address_of("SDV_MQTT_ADDRESS", "MQTT_PORT", "31883"), "integration-test",
                {app::CURRENT_SPEED_TOPIC, app::GET_SPEED_RESPONSE_TOPIC}) {
        std::thread([this] {
            mqtt_.follow([this] { change([this] { subscribed_ = true; }); },
                         [this](const std::string& topic, const std::string& payload) {
                             change([&] { messages_.emplace_back(topic, json::parse(payload)); });
                         });
        }).detach();
        std::unique_lock lock(mutex_);
        REQUIRE_MESSAGE(changed_.wait_for(lock, TIMEOUT, [this] { return subscribed_; }), "the MQTT broker is missing");
    }

    void request(const json& message) { mqtt_.publish(app::GET_SPEED_REQUEST_TOPIC, message.dump()); }

    json await_message(const std::string& topic, const std::function<bool(const json&)>& accept) {
        std::unique_lock lock(mutex_);
        auto found = messages_.end();
        const auto arrived = [&] {
            found = std::find_if(messages_.begin(), messages_.end(), [&](const auto& message) {
                return message.first == topic && accept(message.second);
            });
            return found != messages_.end();
        };
        REQUIRE_MESSAGE(changed_.wait_for(lock, TIMEOUT, arrived), "no such message on " << topic);
        return found->second;
    }

private:
    template <typename Work>
    void change(const Work& work) {
        {
            const std::lock_guard lock(mutex_);
            work();
        }
        changed_.notify_all();
    }

    app::Mqtt mqtt_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool subscribed_ = false;
    std::vector<std::pair<std::string, json>> messages_;
};

Listener& listener() {
    static auto& instance = *new Listener();
    return instance;
}

/** A speed that nothing else sets, with one decimal. */
double random_speed() {
    std::random_device random;
    return std::uniform_int_distribution(10, 2000)(random) / 10.0;
}

void set_speed(double speed) {
    const auto address = address_of("SDV_VEHICLEDATABROKER_ADDRESS", "VDB_PORT", "30555");
    const auto channel = grpc::CreateChannel(address.text(), grpc::InsecureChannelCredentials());
    api::SetRequest request;
    auto& update = *request.add_updates();
    update.mutable_entry()->set_path(app::SPEED_PATH);
    update.mutable_entry()->mutable_value()->set_float_(static_cast<float>(speed));
    update.add_fields(api::FIELD_VALUE);

    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + TIMEOUT);
    api::SetResponse response;
    const auto status = api::VAL::NewStub(channel)->Set(&context, request, &response);
    REQUIRE_MESSAGE(status.ok(), status.error_message());
    REQUIRE(response.errors_size() == 0);
}

}  // namespace

TEST_CASE("a new speed is published") {
    auto& app_output = listener();
    const double speed = random_speed();
    set_speed(speed);
    app_output.await_message(app::CURRENT_SPEED_TOPIC, [&](const json& message) { return message["speed"] == speed; });
}

TEST_CASE("a request is answered with the speed") {
    auto& app_output = listener();
    const double speed = random_speed();
    set_speed(speed);
    app_output.await_message(app::CURRENT_SPEED_TOPIC, [&](const json& message) { return message["speed"] == speed; });
    const unsigned request_id = std::random_device()();
    app_output.request({{"requestId", request_id}});
    const json response = app_output.await_message(
        app::GET_SPEED_RESPONSE_TOPIC, [&](const json& message) { return message["requestId"] == request_id; });
    CHECK(response["result"] == json{{"status", 0}, {"speed", speed}});
}
