using System.Globalization;
using System.Text.Json;
using Mistral.Ilgpu.Kernels.Tests;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>What the benches print; no test checks how fast it is.</summary>
public sealed class BenchTests
{
    public static TheoryData<string> Devices => TestDevice.Rows("cpu", "opencl");

    [Fact]
    public void Bench_Json_HasEveryTestAndItsFields()
    {
        var results = CommandRun.Of(
            "bench", "-p", "16,8", "-n", "2", "-d", "0", "-d", "70", "-r", "2", "--device", "cpu", "--format", "json",
            "--quiet").Expect(0).Json;
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
            Assert.Equal(
                Text("test").StartsWith("pp", StringComparison.Ordinal) ? JsonValueKind.Null : JsonValueKind.Number,
                result.GetProperty("limit_fraction").ValueKind);

            string Text(string name) => result.GetProperty(name).GetString()!;
        }
    }

    [Fact]
    public void Bench_Batch_CountsTheTokensOfAllTextsAndReadsTheWeightsOnce()
    {
        var results = CommandRun.Of(
            "bench", "-p", "4", "-n", "2", "-d", "3", "--batch", "1,4", "-r", "1", "--device", "cpu", "--format", "json", "--quiet").Expect(0).Json.EnumerateArray().ToList();
        Assert.Equal(
            ["pp4 1", "tg2 1", "tg2 4"],
            results.Select(result => $"{result.GetProperty("test").GetString()} {result.GetProperty("batch").GetInt32()}"));
        double one = BytesOfAToken(results[1]);
        // All but the rows of the embedding, the cache and activations is shared, which in tiny is much.
        Assert.InRange(BytesOfAToken(results[2]), 0.25 * one, 0.6 * one);

        static double BytesOfAToken(JsonElement result) =>
            result.GetProperty("gb_per_second").GetDouble() / result.GetProperty("tokens_per_second").GetProperty("mean")
                .GetDouble();
    }

    [Fact]
    public void BenchLoad_Json_HasSpeedsAndTheirFraction()
    {
        var result = CommandRun.Of("bench", "load", "-r", "2", "--device", "cpu", "--format", "json", "--quiet").Expect(0).Json;
        Assert.Equal(("tiny", "cpu"), (result.GetProperty("model").GetString(), result.GetProperty("device").GetString()));
        Assert.InRange(result.GetProperty("bytes").GetInt64(), 2 * 2_690_304, 3 * 2_690_304);
        var speed = result.GetProperty("gb_per_second");
        Assert.InRange(speed.GetProperty("mean").GetDouble(), 1e-6, speed.GetProperty("best").GetDouble());
        Assert.Equal(
            speed.GetProperty("mean").GetDouble() / result.GetProperty("copy_gb_per_second").GetDouble(), result.GetProperty("limit_fraction").GetDouble(), 1e-2);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void BenchAttention_Json_HasRatiosAndCacheBytes(string device)
    {
        _ = TestDevice.Get(device);
        var results = CommandRun.Of(
            "bench", "attention", "--lengths", "64,256", "--sliding-window", "32", "-r", "1", "--chunk", "32", "--device", device, "--format", "json", "--quiet").Expect(0).Json;
        Assert.Equal([64, 256], results.EnumerateArray().Select(result => result.GetProperty("length").GetInt32()));
        foreach (var result in results.EnumerateArray())
        {
            int length = result.GetProperty("length").GetInt32();
            Assert.Equal(32, result.GetProperty("window").GetInt32());
            double full = result.GetProperty("full_ms").GetDouble(), within = result.GetProperty("windowed_ms").GetDouble();
            // The times are rounded to microseconds, of which the shorter has a few hundred.
            Assert.Equal(full / within, result.GetProperty("ratio").GetDouble(), 1e-2 + (1e-3 * full / within / within));
            double pairs = length * (length + 1) / 2.0;
            double windowed = (32 * 33 / 2.0) + ((length - 32) * 32.0);
            Assert.Equal(pairs / windowed, result.GetProperty("ideal_ratio").GetDouble(), 1e-3);
            // Six layers, two kv heads of 32, keys and values in 16 bits.
            Assert.Equal(6L * 2 * 2 * 32 * 2 * length, result.GetProperty("cache_bytes_full").GetInt64());
            Assert.Equal(6L * 2 * 2 * 32 * 2 * 32, result.GetProperty("cache_bytes_windowed").GetInt64());
            Assert.Equal(
                4 * result.GetProperty("cache_read_bytes").GetInt64(),
                result.GetProperty("cache_read_bytes_multi_head").GetInt64());
        }
    }

    [Fact]
    public void Bench_Text_IsATable()
    {
        string[] lines = CommandRun.Of("bench", "-p", "4", "-n", "0", "-r", "1", "--device", "cpu", "--quiet")
            .Expect(0).Output.Split('\n');
        Assert.StartsWith("model", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("tiny", lines[1], StringComparison.Ordinal);
        Assert.Contains("pp4", lines[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("cpu", "opencl:0", Traits = [Needs.Trait, Needs.OpenCl])]
    public void Bench_SeveralOfEach_IsOneTable(params string[] devices)
    {
        foreach (string device in devices)
        {
            _ = TestDevice.Get(device.Split(':')[0]);
        }

        string[] lines = CommandRun.Of(
            "bench", "--model", "tiny", "--device", string.Join(',', devices), "--type", "bf16", "--type", "f32", "-p", "2", "-n", "1", "-r", "1", "--format", "csv", "--quiet")
            .Expect(0).Output.TrimEnd().Split('\n');
        Assert.Equal("model,params,type,device,threads,test,depth,batch,mean,sd,best,gb_per_second,limit_fraction,peer,peer_tokens_per_second,ratio", lines[0]);
        string[][] rows = [.. lines.Skip(1).Select(line => line.Split(','))];
        Assert.Equal(
            from type in new[] { "bf16", "f32" } from device in devices from test in new[] { "pp2", "tg1" } select $"{type} {device} {test}",
            rows.Select(row => $"{row[2]} {row[3]} {row[5]}"));
        Assert.All(rows, row => Assert.True(double.Parse(row[8], CultureInfo.InvariantCulture) > 0));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Bench_SeveralNumbersOfThreads_EachHasItsProcess(string device)
    {
        _ = TestDevice.Get(device);
        var results = CommandRun.Of(
            "bench", "--device", device, "--threads", "1,2", "-p", "4", "-n", "0", "-r", "1", "--format", "json", "--quiet").Expect(0).Json;
        Assert.Equal([1, 2], results.EnumerateArray().Select(result => result.GetProperty("threads").GetInt32()));
        CommandRun.Of("bench", "--device", "opencl:99", "--threads", "1,2", "--quiet").Expect(3);
    }

    // What the real programs print, with their arguments and whether the model's file is there.
    private const string FakeBench = """
        #!/bin/sh
        [ -s "$2" ] || exit 5
        case "$*" in *" -p 4 -n 0 -d 3 -t 2 -ngl 0 "*) speed=50 ;; *" -p 0 -n 2 -d 3 -t 2 -ngl 0 "*) speed=25 ;; *) exit 6 ;; esac
        echo '[{"n_prompt": 4, "avg_ts": '$speed', "stddev_ts": 0.0}]'
        """;

    private const string FakeHarness = """
        #!/bin/sh
        [ "$1" = bench ] && [ -s "$2" ] || exit 5
        echo "llama 1B Q8_0 | 5.0 MiB | threads $6 | pp$3 mean 40.5 best 41.0 t/s | tg$4 mean 20.5 best 21.0 t/s"
        """;

    [Theory]
    [InlineData("llama-bench", FakeBench, "3", 50, 25)]
    [InlineData("peer", FakeHarness, "0", 40.5, 20.5)]
    public void Bench_Against_TakesTheSpeedsOfLlamaCppOnTheSameFile(
        string program, string script, string depth, double prefill, double decode)
    {
        using var folder = StandIn(program, script);
        var results = CommandRun.Of(
            "bench", "--against", folder.Path, "-p", "4", "-n", "2", "-d", depth, "-r", "2", "--threads", "2", "--device", "cpu", "--type", "f16", "--format", "json", "--quiet")
            .Expect(0).Json.EnumerateArray().ToList();
        Assert.Equal(
            [prefill, decode], results.Select(result => result.GetProperty("peer").GetProperty("tokens_per_second").GetDouble()));
        foreach (var result in results)
        {
            Assert.Equal(("tiny", "f16"), (result.GetProperty("model").GetString(), result.GetProperty("type").GetString()));
            var peer = result.GetProperty("peer");
            Assert.Equal("llama.cpp", peer.GetProperty("name").GetString());
            Assert.Equal(
                result.GetProperty("tokens_per_second").GetProperty("mean").GetDouble() / peer.GetProperty("tokens_per_second").GetDouble(),
                peer.GetProperty("ratio").GetDouble(),
                1e-3);
        }
    }

    [Theory]
    [InlineData("exit 7", "ended with 7")]
    [InlineData("echo nothing", "printed 'nothing'")]
    public void Bench_AgainstWhatDoesNotMeasure_IsRefusedInOneLine(string script, string message)
    {
        using var folder = StandIn("llama-bench", $"#!/bin/sh\n{script}\n");
        CommandRun.OnCpu("bench", "--against", folder.Path, "-p", "2", "-n", "0", "-r", "1").ExpectError(2, message);
    }

    [Theory]
    [InlineData("--format xml", "text, json, markdown or csv")]
    [InlineData("--device cpu,gpu", "found 'gpu'")]
    [InlineData("--against /nowhere", "neither llama-bench nor peer")]
    [InlineData("-p x", "expected whole numbers")]
    [InlineData("-p 0 -n 0", "expected something to measure")]
    [InlineData("-r 0", "from 1")]
    [InlineData("--batch 0", "from 1")]
    public void Bench_WrongOptions_AreRefusedInOneLine(string options, string message)
    {
        var run = CommandRun.Of(["bench", .. options.Split(' ')]).Expect(2);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Bench_AgainstWithSeveralTexts_IsRefusedInOneLine()
    {
        using var folder = StandIn("llama-bench", FakeBench);
        CommandRun.OnCpu("bench", "--against", folder.Path, "--batch", "2").ExpectError(2, "--batch");
    }

    private static TemporaryFolder StandIn(string program, string script)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the stand-in is a shell script");
        var folder = new TemporaryFolder();
        File.WriteAllText(folder.File(program), script);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder.File(program), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        return folder;
    }
}
