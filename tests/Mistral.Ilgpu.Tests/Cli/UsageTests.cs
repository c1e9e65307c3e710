using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

public sealed class UsageTests
{
    [Theory]
    [InlineData("--max-tokens", "0")]
    [InlineData("--max-tokens", "many")]
    [InlineData("--temperature", "-0.1")]
    [InlineData("--temperature", "NaN")]
    [InlineData("--temperature", "1,5")]
    [InlineData("--top-k", "-1")]
    [InlineData("--top-p", "0")]
    [InlineData("--top-p", "1.01")]
    [InlineData("--min-p", "2")]
    [InlineData("--repeat-penalty", "0")]
    [InlineData("--seed", "-1")]
    [InlineData("--stop", "")]
    [InlineData("--context", "0")]
    [InlineData("--sliding-window", "0")]
    [InlineData("--chunk", "0")]
    [InlineData("--chunk", "99999999")]
    [InlineData("--threads", "0")]
    [InlineData("--threads", "99999999999")]
    [InlineData("--memory", "8 bananas")]
    [InlineData("--memory", "-1GiB")]
    [InlineData("--memory", "5iB")]
    [InlineData("--type", "q9")]
    [InlineData("--kv-type", "int8")]
    [InlineData("--device", "gpu")]
    [InlineData("--device", "cuda:x")]
    [InlineData("--device", "cpu:1")]
    [InlineData("--device", "cpu,")]
    [InlineData("--device", "auto,cpu")]
    [InlineData("--device", "cpu,gpu")]
    [InlineData("--memory", "1GiB,")]
    [InlineData("--split", "1,0")]
    [InlineData("--split", "one,two")]
    [InlineData("--format", "xml")]
    public void Option_ValueOutOfRange_IsUsageErrorThatNamesIt(string option, string value) =>
        CommandRun.Of("generate", "hi", option, value).ExpectError(2, option, $"'{value}'", "expected");

    [Theory]
    [InlineData("unknown")]
    [InlineData("--unknown")]
    [InlineData("generate", "--unknown")]
    [InlineData("generate", "hi", "--unknown")]
    [InlineData("generate", "two", "prompts")]
    [InlineData("generate", "hi", "--top-k")]
    [InlineData("generate", "hi", "--prompt-ids", "1,2")]
    [InlineData("generate", "hi", "--input", "file")]
    [InlineData("score", "--prompt-ids", "1,,2")]
    [InlineData("score", "--prompt-ids", "")]
    [InlineData("tokenize", "hi", "--decode", "1")]
    [InlineData("tokenize", "--chat", "file", "--decode", "1")]
    [InlineData("devices", "--threads", "none")]
    [InlineData("generate", "hi", "--model", "")]
    public void Arguments_NotUnderstood_AreUsageErrors(params string[] args) => CommandRun.Of(args).ExpectError(2);

    [Theory]
    [InlineData("cpu", "--memory", "1G,2G", "found 2 values for device cpu, expected 1")]
    [InlineData("cpu,cpu,cpu", "--memory", "1G,2G", "found 2 values for device cpu,cpu,cpu, expected 1 or 3")]
    [InlineData("cpu,cpu", "--split", "1", "found 1 values for device cpu,cpu, expected 2")]
    public void List_OfAnotherLengthThanTheDevices_IsUsageError(string device, string option, string value, string named) =>
        CommandRun.Of("generate", "hi", "--device", device, option, value).ExpectError(2, option, named);

    [Fact]
    public void Devices_MoreThanLayersOrAbsent_AreRefusedByName()
    {
        CommandRun.Of("generate", "hi", "--device", "cpu,cpu,cpu,cpu,cpu,cpu,cpu").ExpectError(3, "7 devices for 6 layers");
        CommandRun.Of("generate", "hi", "--device", "cpu,cuda:99").ExpectError(3, "'cuda:99' is not on this machine");
    }

    [Theory]
    [InlineData("8G")]
    [InlineData("8g")]
    [InlineData("8Gi")]
    [InlineData("8GiB")]
    [InlineData("8GB")]
    public void Memory_AnyUsualSize_IsTaken(string size) =>
        CommandRun.Of("inspect", "--device", "cpu", "--memory", size).Expect(0);

    [Fact]
    public void Lora_ScaleThatIsNoNumber_IsNamed()
    {
        using var folder = new TemporaryFolder();
        CommandRun.Of("generate", "hi", "--lora", $"{folder.Path}:abc").ExpectError(2, "--lora", "scale 'abc'");
    }

    [Fact]
    public void RandomModel_TypeUnknown_NamesItAndTheKnownOnes() =>
        CommandRun.Of("inspect", "--model", "random:250m:q9").ExpectError(4, "type 'q9'", "q8_0", "bf16");

    [Theory]
    [InlineData("--top-k", "5", "--seed", "3")]
    [InlineData("--top-p", "0.5", "--temperature", "0")]
    public void Sampling_WithoutTemperature_IsSaidToChangeNothing(params string[] options)
    {
        var run = CommandRun.Of(["generate", "hi", "--device", "cpu", "--max-tokens", "1", .. options]).Expect(0);

        Assert.Contains($"{options[0]}", run.Error, StringComparison.Ordinal);
        Assert.Contains("without --temperature", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Sampling_WithTemperature_NeedsNoWord() => Assert.DoesNotContain(
        "--temperature",
        CommandRun.Of("generate", "hi", "--device", "cpu", "--max-tokens", "1", "--top-k", "5", "--temperature", "1").Expect(0).Error,
        StringComparison.Ordinal);

    [Fact]
    public void Arguments_None_AreUsageError() => CommandRun.Of().ExpectError(2);

    [Theory]
    [InlineData("generate")]
    [InlineData("score")]
    [InlineData("tokenize")]
    public void Prompt_NoneAtATerminal_IsUsageError(string command) => CommandRun.AtTerminal(command).ExpectError(2);

    [Theory]
    [InlineData("--help")]
    [InlineData("generate", "--help")]
    [InlineData("chat", "-h")]
    [InlineData("--version")]
    public void Help_Asked_GoesToStandardOutput(params string[] args)
    {
        var run = CommandRun.Of(args).Expect(0);

        Assert.NotEmpty(run.Output);
        Assert.Empty(run.Error);
    }

    [Theory]
    [InlineData("generate", "hi")]
    [InlineData("score", "hi")]
    [InlineData("tokenize", "hi")]
    [InlineData("inspect")]
    [InlineData("chat")]
    public void Model_Missing_IsFileError(params string[] args) =>
        CommandRun.Of([.. args, "--model", "no/such/model"]).ExpectError(4, "no/such/model");

    [Theory]
    [InlineData("--input")]
    [InlineData("--chat")]
    public void DataFile_Missing_IsFileError(string option) =>
        CommandRun.Of("tokenize", option, "no/such/file").ExpectError(4, "no/such/file");

    [Fact]
    public void Devices_Json_ListsEachAndTheOneThatAutoTakes()
    {
        var json = CommandRun.Of("devices", "--format", "json").Expect(0).Json;

        var ids = json.GetProperty("devices").EnumerateArray().Select(device => device.GetProperty("id").GetString()).ToList();
        Assert.Contains("cpu", ids);
        Assert.Contains(json.GetProperty("auto").GetString(), ids);
        Assert.NotEmpty(json.GetProperty("reason").GetString()!);
        Assert.All(json.GetProperty("devices").EnumerateArray(), device =>
        {
            Assert.NotEmpty(device.GetProperty("name").GetString()!);
            Assert.True(device.GetProperty("memory_bytes").GetInt64() > 0);
            Assert.Equal(System.Text.Json.JsonValueKind.Array, device.GetProperty("lacks").ValueKind);
        });
    }

    [Fact]
    public void Devices_Text_SaysWhichAutoTakes()
    {
        var run = CommandRun.Of("devices").Expect(0);

        Assert.Contains("cpu", run.Output, StringComparison.Ordinal);
        Assert.Contains("auto takes ", run.Output, StringComparison.Ordinal);
    }
}
