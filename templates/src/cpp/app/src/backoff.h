// Pauses between attempts to reach a service.
#pragma once

#include <algorithm>
#include <chrono>

namespace app {

/** Longer from one attempt to the next, up to two seconds. */
class Backoff {
public:
    std::chrono::milliseconds next() {
        const auto pause = pause_;
        pause_ = std::min(pause_ * 3 / 2, LONGEST);
        return pause;
    }

    /** To be called after a success. */
    void reset() { pause_ = FIRST; }

private:
    static constexpr std::chrono::milliseconds FIRST{200};
    static constexpr std::chrono::milliseconds LONGEST{2000};

    std::chrono::milliseconds pause_ = FIRST;
};

}  // namespace app
