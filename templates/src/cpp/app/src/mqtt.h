// A connection to the MQTT broker that comes back by itself.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "settings.h"

namespace app {

/** A client of the MQTT broker. `publish` may be called from any thread. */
class Mqtt {
public:
    using OnMessage = std::function<void(const std::string& topic, const std::string& payload)>;

    /** @param client_name begins the client's id, which is completed at random. */
    Mqtt(const Address& address, const std::string& client_name, std::vector<std::string> topics);
    ~Mqtt();
    Mqtt(const Mqtt&) = delete;
    Mqtt& operator=(const Mqtt&) = delete;

    /**
     * Receives messages for ever, one after the other: waits for the broker, and connects again when the connection is
     * lost.
     *
     * @param on_subscribed called after each time the topics were subscribed to.
     */
    [[noreturn]] void follow(const std::function<void()>& on_subscribed, const OnMessage& on_message);

    /** Sends a message, at most once. Without a connection it is dropped, which is logged. */
    void publish(const std::string& topic, const std::string& payload);

private:
    bool connect();

    struct Client;
    std::string address_;
    std::vector<std::string> topics_;
    std::unique_ptr<Client> client_;
};

}  // namespace app
