// `GET /healthz` for the probes: 200 when the app is ready, 503 until then.
#pragma once

#include <cstdint>
#include <functional>

namespace app {

/** Answers probes in threads of its own until the process ends. */
class HealthServer {
public:
    /**
     * Listens on all interfaces.
     *
     * @param port 0 takes a free one, which `port()` then tells.
     * Throws std::system_error when the port is taken.
     */
    HealthServer(std::uint16_t port, std::function<bool()> is_ready);

    std::uint16_t port() const { return port_; }

private:
    std::uint16_t port_ = 0;
};

}  // namespace app
