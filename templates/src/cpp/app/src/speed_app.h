// The app itself: what it publishes and answers. It knows neither gRPC nor MQTT, so it is tested without either.
#pragma once

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

namespace app {

inline constexpr const char* NAME = "${templateOption:appName}";
inline constexpr const char* VERSION = "0.1.0";

inline constexpr const char* SPEED_PATH = "Vehicle.Speed";
inline constexpr const char* CURRENT_SPEED_TOPIC = "${templateOption:appName}/currentSpeed";
inline constexpr const char* GET_SPEED_REQUEST_TOPIC = "${templateOption:appName}/getSpeed";
inline constexpr const char* GET_SPEED_RESPONSE_TOPIC = "${templateOption:appName}/getSpeed/response";

/** The databroker could not be asked; `what()` says why. */
class NoAnswer : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/** Publishes every change of `Vehicle.Speed`, and tells the current speed to whoever asks. */
class SpeedApp {
public:
    using Publish = std::function<void(const std::string& topic, const std::string& payload)>;
    /** Km/h, or nothing while no sensor has set it yet. Throws NoAnswer. */
    using ReadSpeed = std::function<std::optional<double>()>;

    SpeedApp(Publish publish, ReadSpeed read_speed);

    /** To be called with the current speed at first, and then with every change. */
    void on_speed(std::optional<double> speed);

    /** Answers `{"requestId": …}` with the same id and `result`: `status` 0 and `speed`, or 1 and `message`. */
    void on_get_speed(const std::string& request);

private:
    Publish publish_;
    ReadSpeed read_speed_;
};

}  // namespace app
