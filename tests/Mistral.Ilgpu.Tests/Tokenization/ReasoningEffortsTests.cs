using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Tests.Chat;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Tokenization;

public sealed class ReasoningEffortsTests
{
    [Theory]
    [InlineData("""{"type":"enum","values":["none","high"],"accepts_none":true,"default":"none"}""")]
    [InlineData("""{"type":"enum","values":["high"],"accepts_none":false,"default":null}""")]
    public void Write_WhatWasRead_IsTheSame(string effort)
    {
        string json = $$"""{"reasoning_effort":{{effort}}}""";
        Assert.Equal(json, ReasoningEfforts.Write(Read(json)).ToJsonString());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"reasoning_effort":null}""")]
    public void Read_SettingsWithoutEfforts_AreNone(string json) => Assert.Null(Read(json));

    [Theory]
    [InlineData("""{"verbosity":{}}""", "verbosity")]
    [InlineData("""{"reasoning_effort":{"type":"range","values":[]}}""", "type: found range, expected enum")]
    [InlineData("""{"reasoning_effort":{"accepts_none":true}}""", "values: found nothing")]
    [InlineData("""{"reasoning_effort":{"values":["a","a"],"accepts_none":true}}""", "distinct")]
    [InlineData("""{"reasoning_effort":{"values":[],"accepts_none":false}}""", "at least one")]
    [InlineData("""{"reasoning_effort":{"values":["a"],"accepts_none":true,"default":"b"}}""", "default: found b")]
    [InlineData("""{"reasoning_effort":{"values":["a"],"accepts_none":false,"default":"a"}}""", "default: found a")]
    [InlineData("[]", "expected an object")]
    public void Read_SettingsThatMakeNoSense_AreRefusedByName(string json, string message) =>
        Assert.Contains(message, Assert.Throws<ModelFileException>(() => Read(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void Tekken_SettingsInAVersionBefore_AreRefused()
    {
        var file = ChatTokenizers.TekkenJson("v13");
        file["model_settings_builder"] = new JsonObject();
        Assert.Contains(
            "version v13, expected v15",
            Assert.Throws<ModelFileException>(() => ChatTokenizers.Load(file)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Tekken_SettingsThatAreNotUtf8_AreRefused()
    {
        var file = ChatTokenizers.TekkenJson("v15");
        file["model_settings_builder"] = new JsonObject { ["X"] = "Y" };
        byte[] json = Encoding.UTF8.GetBytes(file.ToJsonString());
        json[json.AsSpan().IndexOf("\"Y\""u8) + 1] = 0xFF;
        Assert.Contains(
            "not UTF-8",
            Assert.Throws<ModelFileException>(() => Tekken.Load(json, "tekken.json")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Tekken_SavedAndLoaded_KeepsItsEfforts()
    {
        var file = ChatTokenizers.TekkenJson("v15");
        file["model_settings_builder"] = JsonNode.Parse("""{"reasoning_effort":{"values":["low","high"],"accepts_none":true}}""");
        var saved = Tekken.Load(Tekken.Save(ChatTokenizers.Load(file), "tekken.json"), "tekken.json");
        Assert.Equal(["low", "high"], saved.ReasoningEfforts!.Values);
        Assert.Null(saved.ReasoningEfforts.Default);
    }

    private static ReasoningEfforts? Read(string json) => ReasoningEfforts.Read(JsonElement.Parse(json), "file");
}
