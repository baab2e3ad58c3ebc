#include "cloud/runtime/program_output.hpp"

#include "base/reader.hpp"
#include "base/utf8.hpp"

namespace redan::cloud::runtime {

ProgramOutput::Message ProgramOutput::add(Bytes output, bool cut) {
  Message message{MessageKind::binary, std::move(begun_)};
  begun_.clear();
  message.bytes.insert(message.bytes.end(), output.begin(), output.end());
  if (client_ == MessageKind::binary) return message;
  const Utf8Check check = check_utf8(as_text(message.bytes));
  if (!check.valid || (!check.whole() && !cut)) return message;
  message.kind = MessageKind::text;
  const auto end = message.bytes.begin() + static_cast<std::ptrdiff_t>(check.complete);
  begun_.assign(end, message.bytes.end());
  message.bytes.erase(end, message.bytes.end());
  return message;
}

}  // namespace redan::cloud::runtime
