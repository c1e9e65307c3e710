using System.Text.Json;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Tests.Cli;
using Xunit;

namespace Mistral.Ilgpu.Tests.Profiling;

/// <summary>What <c>mistral profile</c> writes, and that its times explain the wall clock.</summary>
public sealed class ProfileTests(TemporaryFolder folder) : IClassFixture<TemporaryFolder>
{
    private static readonly string[] LayerSteps =
        ["attention_norm", "qkv", "attend", "attention_output", "feed_forward_norm", "swiglu", "down"];
    public static TheoryData<string> Devices => TestDevice.Rows("cpu", "opencl");

    private static readonly string[] AllSteps = ["embed", .. LayerSteps, "norm", "output", "choose"];

    [Theory]
    [InlineData("tiny", "cpu", 100, 8, 6)]
    [InlineData("tiny", "opencl", 100, 8, 6, Traits = [Needs.Trait, Needs.OpenCl])]
    [InlineData("random:1b:q4_0", "opencl", 16, 2, 20, Traits = [Needs.Trait, Needs.OpenCl])]
    public void Profile_Times_ExplainTheWallClock(string model, string device, int prompt, int generated, int layers)
    {
        _ = TestDevice.Get(device);
        var profile = CommandRun.Of(
            "profile", "--model", model, "--device", device, "-p", $"{prompt}", "-n", $"{generated}", "--format", "json", "--quiet").Expect(0).Json;
        Assert.InRange(profile.GetProperty("explained").GetDouble(), 0.95, 1.05);
        Assert.True(profile.GetProperty("unprofiled_ms").GetDouble() > 0);
        Assert.True(profile.GetProperty("limits").GetProperty("gb_per_second").GetDouble() > 0);
        Assert.True(profile.GetProperty("limits").GetProperty("gflop_per_second").GetDouble() > 0);
        Assert.Equal(
            ["prefill", "decode"],
            profile.GetProperty("phases").EnumerateArray().Select(phase => phase.GetProperty("phase").GetString()));
        foreach (var phase in profile.GetProperty("phases").EnumerateArray())
        {
            int passes = phase.GetProperty("phase").GetString() == "prefill" ? 1 : generated;
            Assert.Equal((passes, passes == 1 ? prompt : generated), (Int(phase, "passes"), Int(phase, "tokens")));
            Assert.InRange(phase.GetProperty("explained").GetDouble(), 0.95, 1.05);
            double parts = new[] { "kernel_ms", "gap_ms", "host_ms" }.Sum(part => Positive(phase, part));
            Assert.Equal(Positive(phase, "wall_ms"), parts, 0.05 * parts);
            var steps = phase.GetProperty("steps").EnumerateArray().ToList();
            Assert.Equal(AllSteps, steps.Select(step => step.GetProperty("step").GetString()));
            foreach (var step in steps)
            {
                bool isOfLayer = LayerSteps.Contains(step.GetProperty("step").GetString());
                Assert.Equal(passes * (isOfLayer ? layers : 1), Int(step, "calls"));
                Assert.InRange(Positive(step, "median_us"), 0, Positive(step, "p95_us"));
                // Both are rounded, the time to a thousandth of a millisecond.
                double time = Positive(step, "total_ms");
                double rate = Positive(step, "gb_per_second");
                Assert.InRange(Positive(step, "bytes") / 1e6, (rate - 0.01) * (time - 0.001), (rate + 0.01) * (time + 0.001));
            }

            Assert.Equal(Positive(phase, "kernel_ms"), steps.Sum(step => Positive(step, "total_ms")), 0.1);
        }
    }

    [Fact]
    public void Profile_Batch_GeneratesATokenOfEachTextInAPass()
    {
        var phases = CommandRun.Of(
            "profile", "--device", "cpu", "-p", "5", "-n", "4", "--batch", "3", "--format", "json", "--quiet")
            .Expect(0).Json.GetProperty("phases");
        Assert.Equal((3, 15), (Int(phases[0], "passes"), Int(phases[0], "tokens")));
        Assert.Equal((4, 12), (Int(phases[1], "passes"), Int(phases[1], "tokens")));
    }

    [Fact]
    public void Profile_CheckOfABatch_IsRefused()
    {
        string error = CommandRun.Of("profile", "--device", "cpu", "--check", "--batch", "2").Expect(2).Error;
        Assert.Contains("--check with --batch", error);
    }

    [Fact]
    public void Profile_ByLayer_KeepsLayersApart()
    {
        string[] steps = [.. CommandRun.Of("profile", "--device", "cpu", "-p", "4", "-n", "0", "--by-layer", "--format", "json", "--quiet").Expect(0)
            .Json.GetProperty("phases")[0].GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("step").GetString()!)];
        Assert.Equal(4 + (6 * LayerSteps.Length), steps.Length);
        Assert.Contains("layers.5.down", steps);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Profile_Trace_HasEveryStepInsideItsPassAndInOrder(string device)
    {
        _ = TestDevice.Get(device);
        string file = folder.File("trace.json");
        CommandRun.Of("profile", "Once upon a time", "--device", device, "-n", "3", "--trace", file, "--quiet").Expect(0);
        using var trace = JsonDocument.Parse(File.ReadAllText(file));
        var events = trace.RootElement.GetProperty("traceEvents").EnumerateArray()
            .Where(item => item.GetProperty("ph").GetString() == "X").ToList();
        var passes = events.Where(item => item.GetProperty("cat").GetString() == "pass").ToList();
        var steps = events.Except(passes).ToList();
        Assert.Equal(["prefill 5", "decode", "decode", "decode"], passes.Select(pass => pass.GetProperty("name").GetString()));
        Assert.Equal(4 * (4 + (6 * LayerSteps.Length)), steps.Count);
        // Two clocks agree to a few hundredths of a millisecond.
        const double Apart = 50;
        double behind = 0;
        foreach (var step in steps)
        {
            double begin = step.GetProperty("ts").GetDouble();
            double end = begin + step.GetProperty("dur").GetDouble();
            Assert.InRange(begin, behind - 0.2, end);
            Assert.Contains(passes, pass => pass.GetProperty("ts").GetDouble() <= begin + Apart && end <= pass.GetProperty("ts").GetDouble() + pass.GetProperty("dur").GetDouble() + Apart);
            behind = end;
        }
    }

    [Fact]
    public void Profile_Text_IsATableThatEndsWithTheWallClock()
    {
        string[] lines = CommandRun.Of("profile", "--prompt-ids", "1,2,3", "--decode", "1", "--device", "cpu", "--quiet")
            .Expect(0).Output.TrimEnd().Split('\n');
        Assert.StartsWith("phase", lines[0], StringComparison.Ordinal);
        Assert.Contains("gaps between steps", lines[^3], StringComparison.Ordinal);
        Assert.Contains("host", lines[^2], StringComparison.Ordinal);
        Assert.Matches(@"^decode +wall clock +[0-9.]+ ms +100\.0 %$", lines[^1]);
    }

    [Theory]
    [InlineData("-p 8 --prompt-ids 1", "-p with a prompt")]
    [InlineData("-p 0", "from 1")]
    [InlineData("--prompt-ids 99999", "99999")]
    public void Profile_WrongOptions_AreRefusedInOneLine(string options, string message) =>
        CommandRun.OnCpu(["profile", .. options.Split(' ')]).ExpectError(2, message);

    [Fact]
    public void Profile_TraceThatCannotBeWritten_IsRefusedInOneLine() =>
        CommandRun.OnCpu("profile", "-p", "4", "-n", "0", "--trace", "/nowhere/trace.json").ExpectError(4, "/nowhere/trace.json");

    private static int Int(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static double Positive(JsonElement element, string name)
    {
        double value = element.GetProperty(name).GetDouble();
        Assert.True(value >= 0, $"{name} is {value}");
        return value;
    }
}
