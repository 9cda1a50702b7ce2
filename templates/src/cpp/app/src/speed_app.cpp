#include "speed_app.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "log.h"

namespace app {

using nlohmann::json;

namespace {

/** The databroker stores 32-bit floats, in which 12.3 reads as 12.300000190734863. */
double readable(double speed) {
    return std::round(speed * 1000) / 1000;
}

/** Names may hold what is not UTF-8, which is then replaced: an answer is always sent. */
std::string text_of(const json& message) {
    return message.dump(-1, ' ', false, json::error_handler_t::replace);
}

json failed(const std::string& message) {
    return {{"status", 1}, {"message", message}};
}

}  // namespace

SpeedApp::SpeedApp(Publish publish, ReadSpeed read_speed)
    : publish_(std::move(publish)), read_speed_(std::move(read_speed)) {}

void SpeedApp::on_speed(std::optional<double> speed) {
    if (!speed) {
        log::info("Vehicle.Speed has no value yet");
        return;
    }
    const json message = {{"speed", readable(*speed)}};
    publish_(CURRENT_SPEED_TOPIC, text_of(message));
    log::info("published speed " + message["speed"].dump() + " km/h");
}

void SpeedApp::on_get_speed(const std::string& request) {
    json request_id;
    json result;
    const json parsed = json::parse(request, nullptr, false);
    if (parsed.is_object() && parsed.contains("requestId")) {
        request_id = parsed["requestId"];
        try {
            const auto speed = read_speed_();
            result = speed ? json{{"status", 0}, {"speed", readable(*speed)}} : failed("Vehicle.Speed has no value yet.");
        } catch (const NoAnswer& error) {
            result = failed(std::string("The databroker did not answer: ") + error.what());
        }
    } else {
        log::warning("not a request, it needs a requestId: " + request);
        result = failed("The request must be {\"requestId\": …}.");
    }
    publish_(GET_SPEED_RESPONSE_TOPIC, text_of({{"requestId", request_id}, {"result", result}}));
    log::info("answered request " + text_of(request_id) + ": " + text_of(result));
}

}  // namespace app
