using System.Text.Json;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>Commands on two CPU accelerators say and do what they do on one.</summary>
public sealed class SeveralDevicesTests
{
    private const string Devices = "cpu,cpu";

    [Fact]
    public void Generate_OnTwoDevices_HasTheTokensOfOne()
    {
        string[] args = ["generate", "Once upon a time", "--max-tokens", "40", "--format", "json"];
        var one = CommandRun.OnCpu(args).Expect(0).Json;
        var two = CommandRun.Of([.. args, "--device", Devices]).Expect(0);
        Assert.Equal(one.GetProperty("ids").GetRawText(), two.Json.GetProperty("ids").GetRawText());
        Assert.Equal(Devices, two.Json.GetProperty("device").GetString());
        Assert.Contains("layers 0 to 2 on cpu", two.Error, StringComparison.Ordinal);
        Assert.Contains("layers 3 to 5 on cpu", two.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Score_OnTwoDevices_HasTheBitsOfOne()
    {
        string[] args = ["score", "The fox ran to the forest. It was happy there.", "--format", "json", "--quiet"];
        Assert.Equal(
            CommandRun.OnCpu(args).Expect(0).Json.GetProperty("logprobs").GetRawText(),
            CommandRun.Of([.. args, "--device", Devices, "--split", "1,4"]).Expect(0).Json.GetProperty("logprobs").GetRawText());
    }

    [Fact]
    public void Inspect_OfTwoDevices_HasAPlanForEach()
    {
        string[] args = ["inspect", "--device", Devices, "--memory", "60MiB,20MiB"];
        var memory = CommandRun.Of([.. args, "--format", "json"]).Expect(0).Json.GetProperty("memory");
        var parts = memory.GetProperty("parts").EnumerateArray().ToList();
        Assert.Equal([60L << 20, 20L << 20], parts.Select(part => Number(part, "available_bytes")));
        Assert.Equal(6, parts.Sum(part => Number(part, "layers")));
        Assert.True(Number(parts[0], "layers") > Number(parts[1], "layers"));
        foreach (string bytes in new[] { "weight_bytes", "cache_bytes", "activation_bytes", "total_bytes", "available_bytes" })
        {
            Assert.Equal(Number(memory, bytes), parts.Sum(part => Number(part, bytes)));
        }

        string text = CommandRun.Of(args).Expect(0).Output;
        Assert.Equal(2, text.Split("on cpu ").Length - 1);

        static long Number(JsonElement json, string name) => json.GetProperty(name).GetInt64();
    }

    [Fact]
    public void Generate_OnTooLittleMemoryOfTheSecondDevice_IsRefused() =>
        CommandRun.Of("generate", "hi", "--device", Devices, "--memory", "1GiB,300KiB")
            .ExpectError(3, "tiny does not fit device cpu", "available 300.0 KiB");

    [Fact]
    public void Bench_OfTwoDevices_NamesBoth()
    {
        var result = CommandRun.Of(
            "bench", "-p", "8", "-n", "2", "-r", "1", "--device", "cpu+cpu,cpu", "--format", "json", "--quiet").Expect(0).Json;
        Assert.Equal(
            ["cpu,cpu", "cpu,cpu", "cpu", "cpu"],
            result.EnumerateArray().Select(test => test.GetProperty("device").GetString()));
    }

    [Fact]
    public void Profile_OfTwoDevices_TimesTheStepsOfBoth()
    {
        var result = CommandRun.Of(
            "profile", "-p", "8", "-n", "2", "--by-layer", "--device", Devices, "--format", "json", "--quiet").Expect(0).Json;
        Assert.Equal(Devices, result.GetProperty("device").GetString());
        foreach (var phase in result.GetProperty("phases").EnumerateArray())
        {
            var steps = phase.GetProperty("steps").EnumerateArray()
                .Select(step => step.GetProperty("step").GetString()!).ToList();
            Assert.Contains("embed", steps);
            Assert.Contains("layers.5.down", steps);
            Assert.Contains("output", steps);
        }

        CommandRun.Of("profile", "--check", "-p", "8", "-n", "2", "--device", Devices, "--quiet").Expect(0);
    }
}
