using Mistral.Ilgpu.Tests.Cli;
using Xunit;

namespace Mistral.Ilgpu.Tests.Hub;

/// <summary><c>mistral pull</c> as a process, and <c>--model OWNER/NAME</c> on what it brought.</summary>
public sealed class PullCommandTests : IDisposable
{
    private readonly TemporaryFolder _home = new();
    private readonly TestHub _hub = new();

    public void Dispose()
    {
        _hub.Dispose();
        _home.Dispose();
    }

    [Fact]
    public async Task Pull_OfTheBuiltInModel_RunsOffline()
    {
        _ = TinyModel.Required;
        AddTiny();

        var pulled = (await Run("pull", TestHub.Name, "--format", "json")).Expect(0).Json;

        Assert.Equal(
            (TestHub.Name, "main", TestHub.Commit),
            (pulled.GetProperty("repo").GetString(), pulled.GetProperty("revision").GetString(), pulled.GetProperty("commit").GetString()));
        string path = pulled.GetProperty("path").GetString()!;
        Assert.True(File.Exists(Path.Combine(path, "model.safetensors")));
        var weights = pulled.GetProperty("files").EnumerateArray().Single(file => file.GetProperty("file").GetString() == "model.safetensors");
        Assert.Equal(_hub.Files["model.safetensors"].Bytes.Length, weights.GetProperty("bytes").GetInt32());
        Assert.Equal(_hub.Files["model.safetensors"].Etag, weights.GetProperty("sha256").GetString());
        Assert.DoesNotContain("sha256", pulled.GetProperty("files").EnumerateArray().First().GetRawText(), StringComparison.Ordinal);
        int asked = _hub.Requests.Count;

        string expected = CommandRun.OnCpu("generate", "Once upon a time", "-n", "8").Expect(0).Output;
        var run = (await Run("generate", "Once upon a time", "-n", "8", "-d", "cpu", "-m", TestHub.Name)).Expect(0);
        Assert.Equal(expected, run.Output);
        Assert.Contains($"model {TestHub.Name}:", run.Error, StringComparison.Ordinal);
        run = (await Run("tokenize", "Once", "-m", $"{TestHub.Name}:{TestHub.Commit}")).Expect(0);
        Assert.NotEmpty(run.Output);
        Assert.Equal(asked, _hub.Requests.Count);
    }

    [Fact]
    public async Task Pull_OfAGgufByType_IsOpenedByTypeOrAlone()
    {
        _ = TinyModel.Required;
        foreach (string type in new[] { "q8_0", "f16" })
        {
            CommandRun.Of("convert", "tiny", _home.File("x.gguf"), "--type", type, "--force").Expect(0);
            _hub.Files[$"tiny-{type.ToUpperInvariant()}.gguf"] = new HubFileBytes(File.ReadAllBytes(_home.File("x.gguf")), IsLarge: true);
        }

        (await Run("pull", TestHub.Name)).ExpectError(4, "found 2 GGUF models", "tiny-F16.gguf, tiny-Q8_0.gguf");
        var pulled = (await Run("pull", TestHub.Name, "q8_0")).Expect(0);
        Assert.Equal([_home.File($"hub/models--someone--model/snapshots/{TestHub.Commit}")], pulled.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        (await Run("inspect", "-m", TestHub.Name)).Expect(0);
        (await Run("pull", TestHub.Name, "*.gguf", "--quiet")).Expect(0);
        (await Run("inspect", "-m", TestHub.Name)).ExpectError(4, "found 2 GGUF models");
        string inspected = (await Run("inspect", "-m", $"{TestHub.Name}:F16")).Expect(0).Output;
        Assert.Contains("f16", inspected, StringComparison.Ordinal);
        (await Run("inspect", "-m", $"{TestHub.Name}:tiny-Q8_0.gguf")).Expect(0);
        (await Run("inspect", "-m", $"{TestHub.Name}:Q2_K")).ExpectError(4, "found no file 'Q2_K'");
    }

    [Fact]
    public async Task Model_ThatWasNotPulled_SaysHowToPullIt() => (await Run("inspect", "-m", "someone/other"))
        .ExpectError(4, "someone/other", "'mistral pull someone/other'", _home.File("hub"));

    [Fact]
    public async Task Pull_Refused_IsOneLineAndTheCodeOfAFile()
    {
        (await Run("pull", TestHub.Name)).ExpectError(4, "someone/model: found no weights that can be read");
        (await Run("pull", "no/where")).ExpectError(4, "no/where: found no such repository");
        (await Run([("HF_HUB_OFFLINE", "1")], "pull", TestHub.Name)).ExpectError(4, "HF_HUB_OFFLINE is set");
    }

    [Theory]
    [InlineData("tiny")]
    [InlineData("../x/y")]
    [InlineData("a/b:../../x")]
    public void Pull_OfWhatIsNoRepository_IsRefused(string repository) =>
        CommandRun.Of("pull", repository).ExpectError(2, $"REPO: found '{repository}', expected OWNER/NAME");

    [Fact]
    public async Task Pull_Interrupted_LeavesWhatTheNextGoesOnWith()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "signals are sent as on Unix");
        _hub.Files["m.gguf"] = HubFileBytes.Large(40 << 20);
        using var stuck = new ManualResetEventSlim();
        var reached = new TaskCompletionSource();
        _hub.Instead = (request, _) =>
        {
            if (request is { IsStorage: true, Range: { } range } && range.StartsWith("bytes=25165824-", StringComparison.Ordinal) && !stuck.IsSet)
            {
                reached.TrySetResult();
                stuck.Wait(MistralProcess.Patience, CancellationToken.None);
            }

            return false;
        };
        using (var process = Start([], "pull", TestHub.Name, "--jobs", "1"))
        {
            await reached.Task.WaitAsync(MistralProcess.Patience, TestContext.Current.CancellationToken);
            await process.Signal("INT");
            (await process.End()).ExpectError(130, "interrupted");
        }

        stuck.Set();
        string blob = _home.File($"hub/models--someone--model/blobs/{_hub.Files["m.gguf"].Etag}");
        Assert.Equal(25165824, new FileInfo(blob + ".incomplete").Length);
        _hub.Requests.Clear();

        (await Run("pull", TestHub.Name)).Expect(0);

        Assert.Equal(_hub.Files["m.gguf"].Bytes, File.ReadAllBytes(blob));
        Assert.Equal(2, _hub.Fetches.Count(request => request.IsStorage));
    }

    private void AddTiny()
    {
        CommandRun.Of("convert", "tiny", _home.File("tiny")).Expect(0);
        foreach (string file in Directory.EnumerateFiles(_home.File("tiny")))
        {
            _hub.Files[Path.GetFileName(file)] = new HubFileBytes(
                File.ReadAllBytes(file), IsLarge: file.EndsWith(".safetensors", StringComparison.Ordinal));
        }
    }

    private Task<CommandRun> Run(params string[] args) => Run([], args);

    private async Task<CommandRun> Run((string, string)[] environment, params string[] args)
    {
        using var process = Start(environment, args);
        return await process.End();
    }

    private MistralProcess Start((string, string)[] environment, params string[] args) => MistralProcess.Start(
        "", [("HF_ENDPOINT", _hub.Endpoint.ToString()), ("HF_HOME", _home.Path), ("HF_HUB_CACHE", ""), ("HF_TOKEN", ""), .. environment], args);
}
