// Entry point of the container.

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>

#include "databroker.h"
#include "health.h"
#include "log.h"
#include "mqtt.h"
#include "settings.h"
#include "speed_app.h"

namespace {

/** To be called before any thread starts, so that all of them leave these signals to `sigwait`. */
sigset_t block_stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

int run(const sigset_t& stop_signals) {
    const app::Settings settings = app::read_settings([](const char* name) -> const char* { return std::getenv(name); });
    app::log::set_level(settings.log_level);

    std::atomic<bool> hears_requests = false;
    std::atomic<bool> hears_speed = false;
    app::Databroker databroker(settings.databroker);
    app::Mqtt mqtt(settings.mqtt, app::NAME, {app::GET_SPEED_REQUEST_TOPIC});
    app::SpeedApp speed_app([&](const std::string& topic, const std::string& payload) { mqtt.publish(topic, payload); },
                            [&] { return databroker.read(app::SPEED_PATH); });

    const app::HealthServer health(settings.health_port, [&] { return hears_requests && hears_speed; });
    std::thread([&] {
        mqtt.follow(
            [&] {
                if (hears_requests.exchange(true)) return;
                // Only now, so that the first speed finds a broker.
                std::thread([&] {
                    databroker.follow(
                        app::SPEED_PATH,
                        [&] {
                            if (!hears_speed.exchange(true)) {
                                app::log::info(std::string("ready: publishing Vehicle.Speed on ") +
                                               app::CURRENT_SPEED_TOPIC);
                            }
                        },
                        [&](auto speed) { speed_app.on_speed(speed); });
                }).detach();
            },
            [&](const std::string&, const std::string& request) { speed_app.on_get_speed(request); });
    }).detach();

    int signal = 0;
    sigwait(&stop_signals, &signal);
    app::log::info("stopped");
    // Threads may be amid a name lookup, which cannot be interrupted: without waiting for them.
    _exit(EXIT_SUCCESS);
}

}  // namespace

int main() {
    const sigset_t stop_signals = block_stop_signals();
    app::log::info(std::string(app::NAME) + " " + app::VERSION + " started (C++20, GCC " __VERSION__ ")");
    try {
        return run(stop_signals);
    } catch (const std::exception& error) {
        app::log::error(error.what());
        return EXIT_FAILURE;
    }
}
