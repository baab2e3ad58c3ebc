#include "cmd/config/config_file.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace redan::cmd {
namespace {

struct ConfigFiles : testing::Test {
  ConfigFiles() {
    for (const std::string& name : ConfigFile::units()) {
      CLI::App* unit = app.add_subcommand(name);
      unit->add_option("--listen", listen);
      unit->add_option("--etcd", etcd);
    }
    app.get_subcommand("gateway")->add_option("--rate", rate);
    app.get_subcommand("gateway")->add_flag("--strict", strict);
  }

  std::vector<std::string> arguments(const std::string& text, const char* unit = "gateway",
                                     const std::vector<std::string>& given = {}) {
    return ConfigFile::parse(text, "redan.toml").arguments(*app.get_subcommand(unit), given);
  }
  std::string refusal(const std::string& text) {
    try {
      arguments(text);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "accepted";
  }

  CLI::App app;
  std::string listen;
  std::vector<std::string> etcd;
  double rate = 0;
  bool strict = false;
};

using Arguments = std::vector<std::string>;

TEST_F(ConfigFiles, TurnSettingsIntoArguments) {
  EXPECT_EQ(arguments("[gateway]\nlisten = '192.0.2.1:4000'\nrate = 2.5\netcd = ['a:1', 'b:2']\nstrict = true\n"),
            (Arguments{"--etcd=a:1", "--etcd=b:2", "--listen=192.0.2.1:4000", "--rate=2.5", "--strict"}));
  EXPECT_EQ(arguments("[gateway]\nrate = 3\nstrict = false\n"), Arguments{"--rate=3"});
}

TEST_F(ConfigFiles, GiveAUnitItsOwnSectionOnly) {
  const std::string text = "[ams]\nlisten = 'a:1'\n[gateway]\nlisten = 'b:2'\n";
  EXPECT_EQ(arguments(text, "ams"), Arguments{"--listen=a:1"});
  EXPECT_EQ(arguments(text, "gateway"), Arguments{"--listen=b:2"});
  EXPECT_EQ(arguments(text, "agent"), Arguments{});
}

TEST_F(ConfigFiles, OptionsOnTheCommandLineOverrideSettings) {
  const std::string text = "[gateway]\nlisten = 'a:1'\nrate = 3\n[common]\netcd = ['a:1']\n";
  EXPECT_EQ(arguments(text, "gateway", {"--listen", "c:3", "--etcd=d:4"}), Arguments{"--rate=3"});
  EXPECT_EQ(arguments(text, "gateway", {"--listen=c:3"}), (Arguments{"--rate=3", "--etcd=a:1"}));
}

TEST_F(ConfigFiles, CommonSettingsReachTheUnitsThatHaveThem) {
  const std::string text = "[common]\netcd = ['a:1']\nrate = 3\n[gateway]\netcd = ['b:2']\n";
  EXPECT_EQ(arguments(text, "gateway"), (Arguments{"--etcd=b:2", "--rate=3"}));
  EXPECT_EQ(arguments(text, "ams"), Arguments{"--etcd=a:1"});
}

TEST_F(ConfigFiles, AnUnknownSettingIsRefusedWithItsLine) {
  EXPECT_EQ(refusal("[gateway]\n\nlistne = 'a:1'\n"),
            "redan.toml:3: [gateway] has no setting 'listne'; did you mean 'listen'?");
  EXPECT_EQ(refusal("[gateway]\nhelp = true\n"),
            "redan.toml:2: [gateway] has no setting 'help'; see: redan gateway --help");
}

TEST_F(ConfigFiles, AnUnknownSectionIsRefusedWithItsLine) {
  EXPECT_EQ(refusal("[ams]\n[gatewy]\n"), "redan.toml:2: no unit 'gatewy'; did you mean [gateway]?");
  EXPECT_EQ(refusal("listen = 'a:1'\n"), "redan.toml:1: 'listen' is in no section; begin with [ams]");
}

TEST_F(ConfigFiles, AValueOfAnotherTypeIsRefusedWithItsLine) {
  EXPECT_EQ(refusal("[gateway]\nlisten = true\n"), "redan.toml:2: 'listen' takes a string or a number");
  EXPECT_EQ(refusal("[gateway]\nlisten = ['a', 'b']\n"), "redan.toml:2: 'listen' takes one value, not a list");
  EXPECT_EQ(refusal("[gateway]\nstrict = 'yes'\n"), "redan.toml:2: 'strict' is true or false");
  EXPECT_EQ(refusal("[gateway]\netcd = [['a']]\n"), "redan.toml:2: 'etcd' takes a string or a number");
  EXPECT_EQ(refusal("[gateway.listen]\nport = 1\n"), "redan.toml:1: 'listen' takes a string or a number");
}

TEST_F(ConfigFiles, WrongTomlIsRefusedWithItsLine) {
  EXPECT_TRUE(refusal("[gateway]\nlisten = \n").starts_with("redan.toml:2: ")) << refusal("[gateway]\nlisten = \n");
}

TEST_F(ConfigFiles, ACommonSettingOfNoUnitIsRefused) {
  const ConfigFile file = ConfigFile::parse("[common]\netdc = ['a:1']\n", "redan.toml");
  try {
    file.check_common(app);
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "redan.toml:2: no unit has a setting 'etdc'");
  }
}

TEST_F(ConfigFiles, AreReadFromTheOptionBeforeTheCommand) {
  const std::string path = testing::TempDir() + "redan_config_file_test.toml";
  std::ofstream(path) << "[gateway]\nrate = 3\n";
  const Arguments after{"gateway", "--rate=3", "account", "list"};
  const auto without_option = [](Arguments all, std::size_t count) {
    return Arguments(all.begin() + static_cast<std::ptrdiff_t>(count), all.end());
  };
  EXPECT_EQ(without_option(with_config_file(app, {"--config", path, "gateway", "account", "list"}), 2), after);
  EXPECT_EQ(without_option(with_config_file(app, {"--config=" + path, "gateway", "account", "list"}), 1), after);
  const Arguments router{"router", "--config", "router.json"};  // an option of its own
  EXPECT_EQ(with_config_file(app, router), router);
}

}  // namespace
}  // namespace redan::cmd
