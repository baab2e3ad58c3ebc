// LXD's answers and events: what parses contains nothing that could redirect a request.
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <redan/types.hpp>

#include "base/assert.hpp"
#include "cloud/ams/lxd_api.hpp"

namespace {

using namespace redan;
using namespace redan::cloud;

bool is_path_segment(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.find_first_of("/?#%&. \r\n") == std::string_view::npos;
}

bool is_words(std::string_view text) {
  return text.size() <= 500 && text.find_first_of("\r\n\t\x1b") == std::string_view::npos;
}

void instance(const cloud::ams::LxdInstance& instance) {
  REDAN_ASSERT(is_path_segment(instance.name));
  REDAN_ASSERT(instance.id.empty() || instance.name == cloud::ams::lxd_name(instance.id));
  REDAN_ASSERT(!instance.id.empty() || instance.unit.empty() || instance.name == cloud::ams::lxd_name(""));
}

void reply(std::string_view text) {
  const auto reply = cloud::ams::LxdReply::parse(text);
  if (!reply) return;
  REDAN_ASSERT(is_words(reply->error));
  REDAN_ASSERT(reply->type != cloud::ams::LxdReply::Type::error ||
               (reply->error_code >= 400 && reply->error_code < 600));
  if (const auto operation = cloud::ams::LxdOperation::parse(reply->metadata)) {
    REDAN_ASSERT(is_path_segment(operation->id) && is_words(operation->error));
  }
  if (const auto found = cloud::ams::LxdOperation::parse_list(reply->metadata, "ams-a1"); found && *found) {
    REDAN_ASSERT(is_path_segment((*found)->id) && (*found)->state == cloud::ams::LxdOperation::State::running);
  }
  if (const auto one = cloud::ams::LxdInstance::parse(reply->metadata)) instance(*one);
  if (const auto list = cloud::ams::LxdInstance::parse_list(reply->metadata, "node-1")) {
    for (const cloud::ams::LxdInstance& one : *list) {
      instance(one);
      REDAN_ASSERT(one.unit == "node-1" && !one.id.empty());
    }
  }
}

/// Whatever a name, an image or an id contains, the request is JSON with exactly that content.
void request(std::string_view text) {
  cloud::ams::LxdNewInstance made;
  made.name = cloud::ams::lxd_name("1");
  made.image = text;
  made.id = text;
  const boost::json::value written = boost::json::parse(made.write());
  const boost::json::object& source = written.at("source").as_object();
  REDAN_ASSERT(source.at(source.contains("alias") ? "alias" : "fingerprint").as_string() == text);
}

bool is_utf8_text(std::string_view text) {
  // A text that JSON accepts without escapes.
  boost::json::error_code error;
  if (text.find_first_of("\"\\") != std::string_view::npos) return false;
  const auto value = boost::json::parse("\"" + std::string(text) + "\"", error);
  return !error && value.is_string();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(Bytes(data, size));
  reply(text);
  if (const auto ended = cloud::ams::LxdEnded::parse(text)) REDAN_ASSERT(is_path_segment(ended->name));
  REDAN_ASSERT(is_words(cloud::ams::lxd_words(text)));
  if (is_utf8_text(text)) {
    request(text);
    REDAN_ASSERT(is_utf8_text(cloud::ams::lxd_words(text)));
  }
  return 0;
}
