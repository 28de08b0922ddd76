#include <nlohmann/json.hpp>

#include "cli/output.h"

namespace orlop::cli {

struct JsonLine::State {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
};

JsonLine::JsonLine() : state_(std::make_unique<State>()) {}
JsonLine::~JsonLine() = default;

JsonLine& JsonLine::add(std::string_view name, std::string_view value) {
  return state_->object[std::string(name)] = value, *this;
}
JsonLine& JsonLine::add(std::string_view name, std::uint64_t value) {
  return state_->object[std::string(name)] = value, *this;
}
JsonLine& JsonLine::add(std::string_view name, bool value) { return state_->object[std::string(name)] = value, *this; }
JsonLine& JsonLine::add(std::string_view name, const StringMap& value) {
  nlohmann::ordered_json& object = state_->object[std::string(name)] = nlohmann::ordered_json::object();
  for (const auto& [key, text] : value) object[key] = text;
  return *this;
}

// A name that is no UTF-8 cannot be told in JSON; its bad bytes become U+FFFD.
std::string JsonLine::text() const {
  return state_->object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace orlop::cli
