#include "cloud/bus/nats_protocol.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "cloud/errors.hpp"

namespace redan::cloud::bus {
namespace {

using Words = std::vector<std::string>;

/// Passes `bytes` to the parser in pieces and returns the results as text; "broken" if it is not NATS.
Words parse(std::string_view bytes, std::size_t piece = 1 << 20) {
  NatsParser parser;
  Words out;
  while (!bytes.empty()) {
    const auto space = parser.space();
    const std::size_t size = std::min({piece, space.size(), bytes.size()});
    std::copy_n(bytes.begin(), size, space.begin());
    parser.received(size);
    bytes.remove_prefix(size);
    for (;;) {
      const auto operation = parser.next();
      if (!operation) {
        EXPECT_EQ(operation.error(), errc::bus_protocol);
        EXPECT_FALSE(parser.next()) << "broken for good";
        out.emplace_back("broken");
        return out;
      }
      if (!*operation) break;
      if (const auto* message = std::get_if<NatsMessage>(&**operation)) {
        out.push_back(std::to_string(message->sid) + " " + std::string(message->subject) + " [" +
                      std::string(message->reply_to) + "] " + std::to_string(message->status) + " " +
                      std::string(message->payload));
      } else if (const auto* error = std::get_if<NatsError>(&**operation)) {
        out.push_back("error " + std::string(error->text));
      } else if (const auto* info = std::get_if<NatsInfo>(&**operation)) {
        out.push_back("info " + std::to_string(info->max_payload) + (info->lame_duck ? " ldm" : ""));
      } else {
        out.emplace_back(std::holds_alternative<NatsPing>(**operation)   ? "ping"
                         : std::holds_alternative<NatsPong>(**operation) ? "pong"
                                                                         : "ok");
      }
    }
  }
  if (parser.passed_over() != 0) out.push_back(std::to_string(parser.passed_over()) + " passed over");
  return out;
}

constexpr std::string_view kStream =
    "INFO {\"server_id\":\"N\",\"max_payload\":1048576,\"tls_required\":true} \r\n"
    "+OK\r\nPING\r\nPONG\r\n"
    "MSG a.b 7 5\r\nhello\r\n"
    "MSG a.b 7 _INBOX.x.1 0\r\n\r\n"
    "MSG\ta.b  7 \t _INBOX.x.1  2\r\n\r\n\r\n"
    "HMSG _INBOX.x.1 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n"
    "HMSG a.b 7 r 22 27\r\nNATS/1.0\r\nk: value\r\n\r\nhello\r\n"
    "-ERR 'Permissions Violation for Publish to \"a\"'\r\n"
    "INFO {\"max_payload\":5,\"ldm\":true}\r\n";

TEST(NatsParser, DividesAStreamIntoOperations) {
  EXPECT_EQ(parse(kStream), (Words{"info 1048576", "ok", "ping", "pong", "7 a.b [] 0 hello", "7 a.b [_INBOX.x.1] 0 ",
                                   "7 a.b [_INBOX.x.1] 0 \r\n", "1 _INBOX.x.1 [] 503 ", "7 a.b [r] 0 hello",
                                   "error Permissions Violation for Publish to \"a\"", "info 5 ldm"}));
}

TEST(NatsParser, AcceptsAStreamInPiecesOfAnySize) {
  const Words whole = parse(kStream);
  for (std::size_t piece = 1; piece < kStream.size(); ++piece) EXPECT_EQ(parse(kStream, piece), whole) << piece;
}

TEST(NatsParser, DoesNotInterpretPayloads) {
  EXPECT_EQ(parse("MSG a 1 6\r\nPING\r\n\r\n"), Words{"1 a [] 0 PING\r\n"});
}

TEST(NatsParser, RefusesWhatIsNotNats) {
  for (const char* bytes : {"HTTP/1.1 400 Bad Request\r\n",
                            "\r\n",
                            "ping\r\n",
                            " \r\n",
                            "MSG\r\n",
                            "MSG a\r\n",
                            "MSG a 1\r\n",
                            "MSG a 1 b c 1\r\n",
                            "MSG a x 1\r\n",
                            "MSG a 1 x\r\n",
                            "MSG a 1 -1\r\n",
                            "MSG a 1 +1\r\n",
                            "MSG a 1 1x\r\n",
                            "MSG a 99999999999999999999 1\r\n",
                            "MSG a 1 99999999999999999999\r\n",
                            "MSG a 1 67108865\r\n",
                            "MSG a 1 1\r\nxyz",
                            "MSG a 1 1\r\nx\n\n",
                            "HMSG a 1 1\r\n",
                            "HMSG a 1 r 5 b 5\r\n",
                            "HMSG a 1 16 15\r\n",
                            "INFO\r\n",
                            "INFO {\r\n",
                            "INFO []\r\n",
                            "INFO {}x\r\n",
                            "INFO {\"max_payload\":0}\r\n",
                            "INFO {\"max_payload\":-1}\r\n",
                            "INFO {\"tls_required\":\"yes\"}\r\n"}) {
    EXPECT_EQ(parse(bytes).back(), "broken") << bytes;
    EXPECT_EQ(parse(std::string("PING\r\n") + bytes).back(), "broken") << bytes;
  }
}

TEST(NatsParser, LimitsTheLengthOfALine) {
  const auto error = [](std::size_t size) { return "-ERR " + std::string(size - 5, 'x'); };
  EXPECT_EQ(parse(error(kMaxNatsLine) + "\r\n").size(), 1U);
  EXPECT_NE(parse(error(kMaxNatsLine) + "\r\n")[0], "broken");
  EXPECT_EQ(parse(error(kMaxNatsLine + 1) + "\r\n"), Words{"broken"});
  EXPECT_EQ(parse(std::string(kMaxNatsLine + 1, 'x')), Words{"broken"}) << "without an end";
  const auto info = [](std::size_t size) { return "INFO {\"k\":\"" + std::string(size - 13, 'x') + "\"}"; };
  EXPECT_EQ(parse(info(kMaxNatsInfo) + "\r\n"), Words{"info " + std::to_string(kMaxBusPayload)});
  EXPECT_EQ(parse(info(kMaxNatsInfo + 1) + "\r\n"), Words{"broken"});
  EXPECT_EQ(parse(info(kMaxNatsInfo + 1), 100), Words{"broken"});
}

TEST(NatsParser, LimitsTheDepthOfInfo) {
  EXPECT_EQ(parse("INFO {\"a\":" + std::string(1000, '[') + std::string(1000, ']') + "}\r\n"), Words{"broken"});
}

TEST(NatsParser, SkipsAMessageBeyondTheLimits) {
  const std::string large(kMaxBusPayload + 1, 'x');
  const std::string header = "NATS/1.0\r\n" + std::string(kMaxNatsHeader, 'h') + "\r\n\r\n";
  const std::string size = std::to_string(header.size());
  const std::string stream = "MSG a 1 " + std::to_string(large.size()) + "\r\n" + large + "\r\nPING\r\nHMSG a 1 " +
                             size + " " + size + "\r\n" + header + "\r\nPONG\r\n";
  EXPECT_EQ(parse(stream), (Words{"ping", "pong", "2 passed over"}));
  EXPECT_EQ(parse(stream, 1000), (Words{"ping", "pong", "2 passed over"}));
}

// Any publisher may write one, and the server forwards it.
TEST(NatsParser, SkipsAMessageWithAnInvalidHeader) {
  for (const std::string header :
       {"NATS/2.0\r\n\r\n", "NATS/1.0X\r\n\r\n", "nonsense\r\n\r\n", "NATS/1.0\r\n", "\xff\xfe"}) {
    const std::string size = std::to_string(header.size());
    const std::string all = std::to_string(header.size() + 4);
    const std::string stream = "HMSG a 1 " + size + " " + all + "\r\n" + header + "body\r\nMSG a 1 2\r\nok\r\n";
    EXPECT_EQ(parse(stream), (Words{"1 a [] 0 ok", "1 passed over"})) << header;
    EXPECT_EQ(parse(stream, 7), (Words{"1 a [] 0 ok", "1 passed over"})) << header;
  }
}

TEST(NatsParser, AcceptsTheLargestMessage) {
  const std::string header = "NATS/1.0\r\n" + std::string(kMaxNatsHeader - 14, 'h') + "\r\n\r\n";
  const std::string stream = "HMSG a 1 " + std::to_string(kMaxNatsHeader) + " " +
                             std::to_string(kMaxNatsHeader + kMaxBusPayload) + "\r\n" + header +
                             std::string(kMaxBusPayload, 'x') + "\r\n";
  EXPECT_EQ(parse(stream, 5'000), Words{"1 a [] 0 " + std::string(kMaxBusPayload, 'x')});
}

TEST(NatsInfo, OnlyAnInfoLineParses) {
  const auto info = NatsInfo::parse_line("INFO {\"tls_required\":true,\"connect_urls\":[\"evil:4222\"]} ");
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->tls_required);
  EXPECT_EQ(info->max_payload, kMaxBusPayload);
  EXPECT_FALSE(NatsInfo::parse_line("INFO {}")->tls_required);
  for (const char* line : {"", "INFO", "PING", "-ERR 'x'", "INFO null", "SSH-2.0-OpenSSH"}) {
    EXPECT_FALSE(NatsInfo::parse_line(line)) << line;
  }
}

// Messages from the client.

TEST(NatsWriter, WritesEveryClientOperation) {
  std::string out;
  write_sub(out, "a.*", "", 7);
  write_sub(out, "a.>", "q", 18446744073709551615U);
  write_pub(out, "a", "", "hello");
  write_pub(out, "a", "_INBOX.1", "");
  write_unsub(out, 7);
  EXPECT_EQ(out,
            "SUB a.* 7\r\nSUB a.> q 18446744073709551615\r\nPUB a 5\r\nhello\r\nPUB a _INBOX.1 0\r\n\r\nUNSUB 7\r\n");
}

TEST(NatsWriter, PubSizeIsAnUpperBound) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{9}, std::size_t{10}, kMaxBusPayload}) {
    std::string out;
    const std::string payload(size, 'x');
    write_pub(out, "a.b", "r", payload);
    EXPECT_LE(out.size(), pub_size("a.b", "r", payload));
  }
}

TEST(NatsWriter, ConnectContainsTheTokenForServersWithAndWithoutUsers) {
  const std::string token = R"(t"o\k{e}n)";
  const std::string connect = write_connect({"unit-1", token});
  ASSERT_TRUE(connect.starts_with("CONNECT ") && connect.ends_with("\r\n"));
  const auto said = boost::json::parse(connect.substr(8)).as_object();
  EXPECT_EQ(said.at("auth_token").as_string(), token);
  EXPECT_EQ(said.at("pass").as_string(), token);
  EXPECT_EQ(said.at("name").as_string(), "unit-1");
  EXPECT_FALSE(said.at("verbose").as_bool());
  EXPECT_FALSE(said.at("pedantic").as_bool());
  EXPECT_TRUE(said.at("tls_required").as_bool());
  EXPECT_TRUE(said.at("headers").as_bool());
  EXPECT_TRUE(said.at("no_responders").as_bool());
  EXPECT_EQ(said.at("protocol").as_int64(), 1);
}

TEST(NatsWriter, ConnectWithoutATokenHasNone) {
  const std::string connect = write_connect({"u", ""});
  EXPECT_EQ(connect.find("auth_token"), std::string::npos);
  EXPECT_EQ(connect.find("pass"), std::string::npos);
}

TEST(NatsWriter, TheLongestConnectLeavesNoCopyOfTheToken) {
  const std::string worst(kMaxNatsToken, '"');
  const std::string connect = write_connect({worst, worst});
  EXPECT_LT(connect.size(), 512 + 6 * kMaxNatsToken);
}

TEST(NatsToken, IsPrintableAsciiWithoutSpaces) {
  EXPECT_TRUE(is_nats_token(""));
  EXPECT_TRUE(is_nats_token("!aZ09~\"\\"));
  EXPECT_TRUE(is_nats_token(std::string(256, 'x')));
  for (const std::string& bad : {std::string("a b"), std::string("a\n"), std::string("\x7F"), std::string("\xC3\xBC"),
                                 std::string(257, 'x'), std::string("a\0b", 3)}) {
    EXPECT_FALSE(is_nats_token(bad)) << bad;
  }
}

}  // namespace
}  // namespace redan::cloud::bus
