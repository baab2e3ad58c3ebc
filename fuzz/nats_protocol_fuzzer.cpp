// The bytes of a NATS server. The first byte selects the size of the pieces in which they arrive, which must not
// matter. Parsed operations are written as by a server, and must parse to the same values.
#include "cloud/bus/nats_protocol.hpp"

#include <boost/json/parse.hpp>

#include "base/assert.hpp"

namespace {

using namespace redan;
using namespace redan::cloud;

// An INFO, a line and a message of the greatest size.
constexpr std::size_t kMaxHeld = cloud::bus::kMaxNatsInfo + cloud::bus::kMaxNatsLine + cloud::bus::kMaxNatsHeader +
                                 cloud::bus::kMaxBusPayload + 8 * 1024;

struct Said {
  std::vector<std::string> operations;  ///< as a server would write them
  bool good = true;
  bool operator==(const Said&) const = default;
};

std::string number(std::size_t value) { return std::to_string(value); }

std::string write(const cloud::bus::NatsMessage& message) {
  const std::string reply = message.reply_to.empty() ? "" : std::string(message.reply_to) + " ";
  const std::string begin = std::string(message.subject) + " " + number(message.sid) + " " + reply;
  const std::string payload = std::string(message.payload) + "\r\n";
  if (message.status == 0) return "MSG " + begin + number(message.payload.size()) + "\r\n" + payload;
  const std::string digits = number(message.status);
  const std::string header = "NATS/1.0 " + std::string(3 - digits.size(), '0') + digits + "\r\n\r\n";
  return "HMSG " + begin + number(header.size()) + " " + number(header.size() + message.payload.size()) + "\r\n" +
         header + payload;
}

std::string write(const cloud::bus::NatsInfo& info) {
  return std::string("INFO {\"tls_required\":") + (info.tls_required ? "true" : "false") +
         ",\"ldm\":" + (info.lame_duck ? "true" : "false") + ",\"max_payload\":" + number(info.max_payload) + "}\r\n";
}

std::string write(const cloud::bus::NatsOperation& operation) {
  if (const auto* info = std::get_if<cloud::bus::NatsInfo>(&operation)) return write(*info);
  if (const auto* message = std::get_if<cloud::bus::NatsMessage>(&operation)) {
    REDAN_ASSERT(message->payload.size() <= cloud::bus::kMaxBusPayload && message->status <= 999);
    return write(*message);
  }
  if (const auto* error = std::get_if<cloud::bus::NatsError>(&operation)) {
    REDAN_ASSERT(error->text.size() <= cloud::bus::kMaxNatsLine && error->text.find("\r\n") == std::string_view::npos);
    return "-ERR '" + std::string(error->text) + "'\r\n";
  }
  if (std::holds_alternative<cloud::bus::NatsPing>(operation)) return std::string(cloud::bus::kNatsPing);
  if (std::holds_alternative<cloud::bus::NatsPong>(operation)) return std::string(cloud::bus::kNatsPong);
  return "+OK\r\n";
}

Said parse(std::string_view bytes, std::size_t piece) {
  Said said;
  cloud::bus::NatsParser parser;
  while (said.good && !bytes.empty()) {
    const std::span<char> space = parser.space();
    REDAN_ASSERT(!space.empty() && space.size() <= kMaxHeld);
    const std::size_t size = std::min({piece, space.size(), bytes.size()});
    std::copy_n(bytes.begin(), size, space.begin());
    parser.received(size);
    bytes.remove_prefix(size);
    for (;;) {
      const auto operation = parser.next();
      said.good = operation.has_value();
      if (!operation || !*operation) break;
      said.operations.push_back(write(**operation));
    }
  }
  return said;
}

void write_a_connect(std::string_view text) {
  if (!cloud::bus::is_nats_token(text)) return;
  const std::string connect = cloud::bus::write_connect({text, text});
  REDAN_ASSERT(connect.starts_with("CONNECT {") && connect.ends_with("}\r\n"));
  boost::json::error_code error;
  const auto value = boost::json::parse(std::string_view(connect).substr(8), error);
  REDAN_ASSERT(!error && value.at("name").as_string() == text);
  REDAN_ASSERT(text.empty() || value.at("pass").as_string() == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = as_text(Bytes(data + 1, size - 1));
  const Said whole = parse(text, std::max<std::size_t>(text.size(), 1));
  REDAN_ASSERT(whole == parse(text, data[0] + std::size_t{1}));
  std::string again;
  for (const std::string& operation : whole.operations) again += operation;
  const Said same = parse(again, 4'000);
  REDAN_ASSERT(same.good && same.operations == whole.operations);
  (void)cloud::bus::NatsInfo::parse_line(text);
  write_a_connect(text);
  return 0;
}
