// The databroker's gRPC interface (kuksa.val.v1), as far as this app needs it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "settings.h"

namespace app {

/** A client for one signal. All calls may come from any thread. */
class Databroker {
public:
    explicit Databroker(const Address& address);
    ~Databroker();
    Databroker(const Databroker&) = delete;
    Databroker& operator=(const Databroker&) = delete;

    /**
     * Follows a signal for ever: waits for the databroker, and subscribes again when the connection is lost.
     *
     * @param on_subscribed called before the first value of each subscription.
     * @param on_value called with the current value at first, then with every change; nothing stands for "not set yet".
     */
    [[noreturn]] void follow(const std::string& path, const std::function<void()>& on_subscribed,
                             const std::function<void(std::optional<double>)>& on_value);

    /** The current value, or nothing when it is not set yet. Throws NoAnswer. */
    std::optional<double> read(const std::string& path);

private:
    void wait_until_reachable();

    struct Connection;
    std::unique_ptr<Connection> connection_;
};

}  // namespace app
