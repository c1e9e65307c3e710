using System.Text.Json;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>What the benches print; how fast it is, is nobody's test.</summary>
public sealed class BenchTests
{
    [Fact]
    public void Bench_Json_HasEveryTestAndItsFields()
    {
        var results = CommandRun.Of("bench", "-p", "16,8", "-n", "2", "-d", "0", "-d", "70", "-r", "2", "--device", "cpu", "--format", "json", "--quiet").Expect(0).Json;
        Assert.Equal(
            ["pp16 0", "pp8 0", "tg2 0", "pp16 70", "pp8 70", "tg2 70"],
            results.EnumerateArray().Select(result => $"{result.GetProperty("test").GetString()} {result.GetProperty("depth").GetInt32()}"));
        foreach (var result in results.EnumerateArray())
        {
            Assert.Equal(("tiny", "bf16", "cpu"), (Text("model"), Text("type"), Text("device")));
            Assert.Equal(2_690_304, result.GetProperty("params").GetInt64());
            Assert.True(result.GetProperty("threads").GetInt32() > 0);
            var speed = result.GetProperty("tokens_per_second");
            Assert.InRange(speed.GetProperty("mean").GetDouble(), 0.001, speed.GetProperty("best").GetDouble());
            Assert.True(speed.GetProperty("sd").GetDouble() >= 0);
            Assert.True(result.GetProperty("gb_per_second").GetDouble() > 0);
            Assert.Equal(Text("test").StartsWith("pp", StringComparison.Ordinal) ? JsonValueKind.Null : JsonValueKind.Number, result.GetProperty("limit_fraction").ValueKind);

            string Text(string name) => result.GetProperty(name).GetString()!;
        }
    }

    [Fact]
    public void BenchAttention_Json_HasRatiosAndCacheBytes()
    {
        var results = CommandRun.Of(
            "bench", "attention", "--lengths", "64,256", "--sliding-window", "32", "-r", "1", "--chunk", "32", "--device", "opencl", "--format", "json", "--quiet").Expect(0).Json;
        Assert.Equal([64, 256], results.EnumerateArray().Select(result => result.GetProperty("length").GetInt32()));
        foreach (var result in results.EnumerateArray())
        {
            int length = result.GetProperty("length").GetInt32();
            Assert.Equal(32, result.GetProperty("window").GetInt32());
            Assert.Equal(
                result.GetProperty("full_ms").GetDouble() / result.GetProperty("windowed_ms").GetDouble(), result.GetProperty("ratio").GetDouble(), 1e-2);
            double pairs = length * (length + 1) / 2.0;
            double windowed = (32 * 33 / 2.0) + ((length - 32) * 32.0);
            Assert.Equal(pairs / windowed, result.GetProperty("ideal_ratio").GetDouble(), 1e-3);
            // Six layers, two kv heads of 32, keys and values in 16 bits.
            Assert.Equal(6L * 2 * 2 * 32 * 2 * length, result.GetProperty("cache_bytes_full").GetInt64());
            Assert.Equal(6L * 2 * 2 * 32 * 2 * 32, result.GetProperty("cache_bytes_windowed").GetInt64());
            Assert.Equal(4 * result.GetProperty("cache_read_bytes").GetInt64(), result.GetProperty("cache_read_bytes_multi_head").GetInt64());
        }
    }

    [Fact]
    public void Bench_Text_IsATable()
    {
        string[] lines = CommandRun.Of("bench", "-p", "4", "-n", "0", "-r", "1", "--device", "cpu", "--quiet").Expect(0).Output.Split('\n');
        Assert.StartsWith("model", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("tiny", lines[1], StringComparison.Ordinal);
        Assert.Contains("pp4", lines[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-p x", "expected whole numbers")]
    [InlineData("-p 0 -n 0", "expected something to measure")]
    [InlineData("-r 0", "from 1")]
    public void Bench_WrongOptions_AreRefusedInOneLine(string options, string message)
    {
        var run = CommandRun.Of(["bench", .. options.Split(' ')]).Expect(2);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }
}
