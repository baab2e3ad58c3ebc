#include "cloud/runtime/program_output.hpp"

#include <gtest/gtest.h>

#include "base/reader.hpp"

namespace redan::cloud::runtime {
namespace {

std::pair<MessageKind, std::string> add(ProgramOutput& output, std::string_view text, bool cut = false) {
  const auto message = output.add(as_bytes(text), cut);
  return {message.kind, std::string(as_text(message.bytes))};
}
using Text = std::pair<MessageKind, std::string>;

TEST(ProgramOutput, Utf8BecomesTextAndOtherBytesStayBinary) {
  ProgramOutput output;
  EXPECT_EQ(add(output, "gr\xC3\xBC\xC3\x9F"), Text(MessageKind::text, "gr\xC3\xBC\xC3\x9F"));
  EXPECT_EQ(add(output, "\xFF\x01"), Text(MessageKind::binary, "\xFF\x01"));
  EXPECT_EQ(add(output, "again"), Text(MessageKind::text, "again"));
  EXPECT_EQ(add(output, "ends within \xC3"), Text(MessageKind::binary, "ends within \xC3")) << "nothing is kept back";
}

TEST(ProgramOutput, IsBinaryForAClientThatSendsBinaryData) {
  ProgramOutput output;
  output.on_client(MessageKind::binary);
  EXPECT_EQ(add(output, "abc").first, MessageKind::binary);
  output.on_client(MessageKind::text);
  EXPECT_EQ(add(output, "abc").first, MessageKind::text);
}

TEST(ProgramOutput, ACutCharacterIsCompletedByTheNextMessage) {
  ProgramOutput output;
  EXPECT_EQ(add(output, "a\xF0\x9F\x98", true), Text(MessageKind::text, "a"));
  EXPECT_EQ(add(output, "\x80z"), Text(MessageKind::text, "\xF0\x9F\x98\x80z"));
  EXPECT_EQ(add(output, "a\xF0\x9F", true), Text(MessageKind::text, "a"));
  EXPECT_EQ(add(output, "z"), Text(MessageKind::binary, "\xF0\x9Fz")) << "no byte is lost";
}

}  // namespace
}  // namespace redan::cloud::runtime
