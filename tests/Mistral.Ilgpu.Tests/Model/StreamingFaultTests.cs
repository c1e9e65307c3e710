using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Streaming;
using Mistral.Ilgpu.PtxMachine.Driver;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tests.Cli;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>Faults while layers are streamed: one error or a named fallback, and the process goes on.</summary>
public sealed class StreamingFaultTests : IDisposable
{
    private const int Layers = 4;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // What a lost device answers to every call.
    [Theory]
    [InlineData("cuStreamWaitEvent")]
    [InlineData("cuMemcpyAsync")]
    [InlineData("cuEventRecord")]
    public void Pass_OnADeviceThatIsLost_FailsAndTheProcessLoadsAnother(string function)
    {
        using var checkpoint = Write();
        TestDevice.Get("cuda");
        using var plug = CudaDriver.PlugIn();
        List<float> expected;
        using (var device = ComputeDevice.Open("cuda"))
        {
            using var model = MistralModel.LoadUntested(checkpoint, device, Options());
            expected = Logits(model);
            CudaDriver.Refused = function;
            try
            {
                var error = Assert.ThrowsAny<Exception>(() => Logits(model));
                Assert.True(ComputeDevice.IsFault(error), error.ToString());
                Assert.DoesNotContain('\n', error.Message);
            }
            finally
            {
                CudaDriver.Refused = null;
            }
        }

        using var next = ComputeDevice.Open("cuda");
        using var other = MistralModel.LoadUntested(checkpoint, next, Options());
        Assert.Equal(expected, Logits(other));
    }

    [Fact]
    public void TryWrite_OnADiskThatIsFull_TellsAndLeavesNothing()
    {
        string folder = _folder.File("layers");
        var cache = new LayerCache(folder, long.MaxValue, isMapped: false);
        int parts = 0;
        Assert.Null(cache.TryWrite(
            Path.Combine(folder, "a.layer"), 8 << 20,
            (_, _) => _ = ++parts < 3 ? 0 : throw new IOException("No space left on device"), out string? reason));
        Assert.Equal("No space left on device", reason);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    // Whenever it is killed, the next process finds whole files or makes them.
    [Fact]
    [Trait(Needs.Trait, Needs.Time)]
    public async Task Generate_KilledAtAnyMoment_IsAsGoodAsNew()
    {
        (string, string)[] environment = [("XDG_CACHE_HOME", _folder.File("cache"))];
        string[] args =
        [
            "generate", "Once upon a time", "--device", "cpu", "--memory", "3MiB", "--max-tokens", "8", "--format", "json",
        ];
        string expected = await Run();
        Directory.Delete(_folder.File("cache"), recursive: true);
        for (int delay = 200; delay < 1400; delay += 100)
        {
            using var process = MistralProcess.Start("", environment, args);
            await Task.Delay(delay, TestContext.Current.CancellationToken);
            process.Kill();
            await process.End();
        }

        Assert.Equal(expected, await Run());

        async Task<string> Run()
        {
            using var process = MistralProcess.Start("", environment, args);
            var run = await process.End();
            Assert.True(run.ExitCode == 0, run.Error);
            Assert.Contains("are used in place", run.Error, StringComparison.Ordinal);
            return run.Output[..run.Output.IndexOf("\"timings\"", StringComparison.Ordinal)];
        }
    }

    [Fact]
    public async Task Generate_WhereNoFileCanBeKept_TellsWhereLayersAreAndWhy()
    {
        // A file where the folder would be.
        string layers = Directory.CreateDirectory(_folder.File("mistral-ilgpu")).FullName + "/layers";
        File.WriteAllText(layers, "");
        using var process = MistralProcess.Start(
            "", [("XDG_CACHE_HOME", _folder.File(""))],
            "generate", "Once", "--device", "cpu", "--memory", "3MiB", "--max-tokens", "1");
        var run = await process.End();
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Matches("are used in place: [0-9.]+ MiB in host memory\n", run.Error);
        Assert.Contains(
            "warning: layers are kept in host memory, and packed again next time: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(layers, run.Error, StringComparison.Ordinal);
    }

    private static List<float> Logits(MistralModel model)
    {
        using var text = model.TryOpen(40)!;
        var (batch, all, logits) = (new Batch(), new List<float>(), new float[model.Config.VocabularySize]);
        for (int pass = 0; pass < 2; pass++)
        {
            batch.Clear();
            batch.Prefill(text, new[] { 3 + pass, 4 }, wantsLogits: true);
            model.Forward(batch);
            model.ReadLogits(0, logits);
            all.AddRange(logits);
        }

        return all;
    }

    private ModelOptions Options() => new(Chunk: 8, LayerFolder: _folder.File("layers"), StreamedLayers: Layers);

    private Checkpoint Write()
    {
        var random = new RandomCheckpoint(3);
        random.Config["num_hidden_layers"] = Layers;
        string folder = _folder.File("model");
        random.Write(folder);
        return Checkpoint.Open(folder);
    }
}
