#include <gtest/gtest.h>

#include "net/http/writer.hpp"

namespace redan::net {
namespace {

TEST(Http, FindsHeadersAndListElementsCaseInsensitively) {
  const std::vector<HttpHeader> headers{{"Connection", "keep-alive, Upgrade"}, {"connection", "x"}, {"Host", "h"}};
  EXPECT_EQ(find_header(headers, "HOST"), "h");
  EXPECT_EQ(find_header(headers, "Hos"), std::nullopt);
  EXPECT_TRUE(has_token(headers, "connection", "upgrade"));
  EXPECT_TRUE(has_token(headers, "connection", "X"));
  EXPECT_FALSE(has_token(headers, "connection", "up"));
}

TEST(Http, PercentDecodingRefusesMalformedAndNulEscapes) {
  EXPECT_EQ(percent_decode("a%2Fb%c3%a4"), "a/b\xC3\xA4");
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  for (const char* bad : {"%", "%2", "%zz", "%0", "a%00b", "%-1"}) EXPECT_EQ(percent_decode(bad), std::nullopt) << bad;
}

TEST(Http, PercentEncodingRoundTrips) {
  EXPECT_EQ(percent_encode("a/b ~ü"), "a%2Fb%20~%C3%BC");
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
}

TEST(Http, TheFirstQueryValueOfANameCounts) {
  EXPECT_EQ(query_value("a=1&b=2&a=3", "a"), "1");
  EXPECT_EQ(query_value("a=1&b=x%20y", "b"), "x y");
  EXPECT_EQ(query_value("a", "a"), "");
  EXPECT_EQ(query_value("ab=1", "a"), std::nullopt);
  EXPECT_EQ(query_value("a=%zz", "a"), std::nullopt);
}

TEST(Http, AuthorizationHasASchemeAndCredentials) {
  const auto bearer = Authorization::parse("bearer   abc== ");
  ASSERT_TRUE(bearer);
  EXPECT_TRUE(bearer->has_scheme("Bearer"));
  EXPECT_EQ(bearer->credentials, "abc==");
  for (const char* bad : {"", "Bearer", "Bearer ", " ", "B(r x", ":a b"})
    EXPECT_FALSE(Authorization::parse(bad)) << bad;
}

TEST(Http, DatesHaveTheFormatOfTheRfc) { EXPECT_EQ(http_date({784111777}), "Sun, 06 Nov 1994 08:49:37 GMT"); }

TEST(HttpWriter, NoNameOrValueCanLeaveItsLine) {
  const auto written = [](const HttpRequest& request) { return write_request_head(request, "h").has_value(); };
  EXPECT_TRUE(written({"GET", "/a", "b=c"}));
  EXPECT_FALSE(written({"GET", "/a\r\nX: y", ""}));
  EXPECT_FALSE(written({"GET", "/a b", ""}));
  EXPECT_FALSE(written({"GET", "a", ""}));
  EXPECT_FALSE(written({"G T", "/a", ""}));
  EXPECT_FALSE(written({"GET", "/a", "b c"}));
  EXPECT_FALSE(written({"GET", "/a", "", {{"X", "a\nb"}}}));
  EXPECT_FALSE(written({"GET", "/a", "", {{"X:", "a"}}}));
  EXPECT_FALSE(written({"GET", "/a", "", {{"content-length", "5"}}}));
  EXPECT_FALSE(written({"GET", "/a", "", {{"Transfer-Encoding", "chunked"}}}));
  HttpResponse response;
  EXPECT_TRUE(write_response_head(response, "now", After::close));
  response.content_type = "a\r\nb";
  EXPECT_FALSE(write_response_head(response, "now", After::close));
}

TEST(HttpWriter, WritesHeads) {
  EXPECT_EQ(write_request_head({"POST", "/a", "b", {{"X", "y"}}, "body"}, "h:1"),
            "POST /a?b HTTP/1.1\r\nHost: h:1\r\nX: y\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(write_request_head({"GET", "/", ""}, "h"), "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(write_response_head({204, "text/plain", "", {{"X", "y"}}}, "now", After::keep_alive),
            "HTTP/1.1 204 No Content\r\nDate: now\r\nX: y\r\n\r\n");
  EXPECT_EQ(write_response_head({404, "text/plain", "no"}, "now", After::close),
            "HTTP/1.1 404 Not Found\r\nDate: now\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: "
            "close\r\n\r\n");
}

}  // namespace
}  // namespace redan::net
