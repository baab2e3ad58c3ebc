#include "cloud/gateway/agents.hpp"

#include <gtest/gtest.h>

namespace redan::cloud::test {
namespace {

using Ids = std::vector<std::string>;

api::Announcement agent(const std::string& id, const std::string& region, std::int64_t sessions = 0,
                        std::int64_t capacity = 10) {
  api::Announcement announcement;
  announcement.agent = id;
  announcement.region = region;
  announcement.applications = {"game", "desk"};
  announcement.sessions = sessions;
  announcement.capacity = capacity;
  return announcement;
}

TEST(Agents, TheLeastLoadedAgentOfTheRegionComesFirst) {
  gateway::Agents agents;
  agents.put(agent("a", "eu", 5));
  agents.put(agent("b", "eu", 5, 100));
  agents.put(agent("c", "us", 0));
  EXPECT_EQ(agents.candidates("game", ""), (Ids{"c", "b", "a"}));
  EXPECT_EQ(agents.candidates("game", "eu"), (Ids{"b", "a"}));
  EXPECT_TRUE(agents.candidates("game", "mars").empty());
  EXPECT_TRUE(agents.candidates("chess", "").empty());
}

TEST(Agents, DrainingAndFullAgentsAreSkipped) {
  gateway::Agents agents;
  api::Announcement draining = agent("a", "eu");
  draining.draining = true;
  agents.put(draining);
  agents.put(agent("b", "eu", 0, 0));
  agents.put(agent("full", "eu", 10));
  agents.put(agent("free", "eu", 9));
  EXPECT_EQ(agents.candidates("game", ""), (Ids{"free", "full"}));
}

TEST(Agents, PlacedSessionsCountUntilTheNextAnnouncement) {
  gateway::Agents agents;
  agents.put(agent("a", "eu"));
  agents.put(agent("b", "eu"));
  agents.note_placed("a");
  EXPECT_EQ(agents.candidates("game", ""), (Ids{"b", "a"}));
  agents.note_placed("b");
  agents.note_placed("b");
  EXPECT_EQ(agents.candidates("game", ""), (Ids{"a", "b"}));
  agents.put(agent("b", "eu", 0));
  EXPECT_EQ(agents.candidates("game", ""), (Ids{"b", "a"}));
}

TEST(Agents, AnAgentIsUnresponsiveWhenItsLeaseExpiresUnlessItHasLeft) {
  gateway::Agents agents;
  agents.put(agent("a", "eu"));
  api::Announcement leaving = agent("b", "eu");
  leaving.draining = true;
  agents.put(leaving);
  agents.erase("a", {100});
  agents.erase("b", {100});
  agents.erase("never there", {100});
  EXPECT_EQ(agents.unresponsive({100}), 1U);
  EXPECT_EQ(agents.lost_since("a", {150})->seconds_since_1970, 100);
  agents.put(agent("a", "eu"));
  EXPECT_EQ(agents.unresponsive({150}), 0U);
  EXPECT_FALSE(agents.lost_since("a", {150}).has_value());
}

TEST(Agents, AnUnknownAgentIsLostFromTheFirstQueryOn) {
  gateway::Agents agents;
  EXPECT_EQ(agents.lost_since("x", {100})->seconds_since_1970, 100);
  EXPECT_EQ(agents.lost_since("x", {170})->seconds_since_1970, 100);
  EXPECT_EQ(agents.unresponsive({170}), 1U);
  EXPECT_EQ(agents.unresponsive({100 + 24 * 3600}), 0U);
}

}  // namespace
}  // namespace redan::cloud::test
