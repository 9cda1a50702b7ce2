// One line per event on standard output: time, level, app, message.
#pragma once

#include <string>
#include <string_view>

namespace app::log {

enum class Level { DEBUG, INFO, WARNING, ERROR };

/** The least level that is written; by default INFO. What is no level is taken as INFO. */
void set_level(std::string_view name);

void info(const std::string& message);
void warning(const std::string& message);
void error(const std::string& message);

}  // namespace app::log
