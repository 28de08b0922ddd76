#include "engine/conditions.h"

namespace orlop::engine {
namespace {

// HTTP dates have whole seconds: what was modified within the second of the condition is not newer.
bool modified_after(const Meta& meta, SystemTime time) {
  using std::chrono::floor, std::chrono::seconds;
  return meta.modified && floor<seconds>(*meta.modified) > floor<seconds>(time);
}

}  // namespace

Result<void> check_conditions(const Conditions& conditions, const Meta& meta) {
  if (!conditions.if_match.empty()) {
    if (conditions.if_match != meta.etag)
      return Error(Code::precondition_failed, "the object is not the version asked for");
  } else if (conditions.if_unmodified_since && modified_after(meta, *conditions.if_unmodified_since)) {
    return Error(Code::precondition_failed, "the object was modified since");
  }
  if (!conditions.if_none_match.empty()) {
    if (conditions.if_none_match == meta.etag) return Error(Code::not_modified, "the object is still this version");
  } else if (conditions.if_modified_since && meta.modified && !modified_after(meta, *conditions.if_modified_since)) {
    return Error(Code::not_modified, "the object was not modified since");
  }
  return {};
}

Result<void> check_mode(PutMode mode, std::string_view if_match, const std::string* present_etag) {
  if (mode == PutMode::create && present_etag) return Error(Code::already_exists, "the name is taken");
  if (mode == PutMode::match && (!present_etag || *present_etag != if_match))
    return Error(Code::precondition_failed, "the object is not the version asked for");
  return {};
}

}  // namespace orlop::engine
