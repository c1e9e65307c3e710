using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>Adapters that are loaded and unloaded between passes give the logits, bit for bit, of a model loaded with
/// them.</summary>
public sealed class LoadedAdapterTests : IDisposable
{
    private static readonly int[] Ids = [1, 17, 5, 30, 22, 9, 11, 3, 38, 8, 2];

    private readonly TemporaryFolder _folder = new();
    private readonly Checkpoint _checkpoint;
    private readonly LoraOptions _a;
    private readonly LoraOptions _b;

    public LoadedAdapterTests()
    {
        new RandomCheckpoint(5).Write(_folder.File("model"));
        _checkpoint = Checkpoint.Open(_folder.File("model"));
        _a = new(RandomAdapter.Write(_folder.File("a"), _checkpoint.Config, 1, TensorNames.Query(0), TensorNames.Gate(1)), 2);
        _b = new(RandomAdapter.Write(
            _folder.File("b"), _checkpoint.Config, 2,
            TensorNames.Query(0), TensorNames.Value(1), TensorNames.Down(0), TensorNames.Output));
    }

    public static TheoryData<string> Devices => TestDevice.All;

    public void Dispose()
    {
        _checkpoint.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Load_AndUnload_GivesTheLogitsOfAModelLoadedWithThem(string name)
    {
        float[] none = Once(name);
        float[] a = Once(name, _a);
        float[] b = Once(name, _b);
        Assert.Equal(3, new[] { none, a, b }.Select(logits => string.Join(' ', logits)).Distinct().Count());
        using var model = Load(name);
        long bytes = model.Devices.AllocatedBytes;
        foreach (var (adapter, expected) in new[] { (_a, a), (_b, b), (_a, a) })
        {
            // Of one bit, so that what was recorded for one would be played for the next.
            Use(model, 0, adapter);
            model.AdaptersOn = 1;
            Assert.Equal(expected, Run(model));
            model.AdaptersOn = 0;
            Assert.Equal(none, Run(model));
            model.UnloadAdapter(0);
            Assert.Equal(bytes, model.Devices.AllocatedBytes);
            Assert.Equal(none, Run(model));
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Load_BesideAnother_ChangesNeither(string name)
    {
        float[] a = Once(name, _a);
        float[] b = Once(name, _b);
        using var model = Load(name, _a);
        Use(model, 5, _b);
        model.AdaptersOn = 1UL << 5;
        Assert.Equal(b, Run(model));
        model.AdaptersOn = 1;
        Assert.Equal(a, Run(model));
        model.UnloadAdapter(5);
        Assert.Equal(a, Run(model));
    }

    [Fact]
    public void Load_WhereLayersAreStreamed_GivesTheSameLogits()
    {
        const int Layers = 4;
        var random = new RandomCheckpoint(6);
        random.Config["num_hidden_layers"] = Layers;
        random.Write(_folder.File("deep"));
        using var checkpoint = Checkpoint.Open(_folder.File("deep"));
        LoraOptions adapter = new(RandomAdapter.Write(
            _folder.File("c"), checkpoint.Config, 3, TensorNames.Query(0), TensorNames.Down(Layers - 1)));
        var options = new ModelOptions(Chunk: 4, LayerFolder: _folder.File("layers"));
        using var resident = MistralModel.LoadUntested(
            checkpoint, TestDevice.Get("cpu"), options with { Adapters = [adapter] });
        using var model = MistralModel.LoadUntested(
            checkpoint, TestDevice.Get("cpu"), options with { StreamedLayers = Layers });
        float[] adapted = Run(resident);
        float[] none = Run(model);
        Assert.NotEqual(adapted, none);
        Use(model, 0, adapter);
        model.AdaptersOn = 1;
        Assert.Equal(adapted, Run(model));
        model.AdaptersOn = 0;
        model.UnloadAdapter(0);
        Assert.Equal(none, Run(model));
        Assert.Equal(Layers, model.Parts[0].Residency.Streamed.Count);
    }

    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public async Task Load_WherePassesAreChained_GivesTheSameLogits()
    {
        float[] a = Once("opencl", _a);
        using var model = Load("opencl");
        model.Prepare();
        var runner = model.Runner<ChainedPasses>();
        Assert.SkipWhen(runner is null, "the device chains no steps");
        runner.WorkerCount.Chosen = 2;
        float[] none = Run(model);
        for (int round = 0; round < 2; round++)
        {
            Use(model, 0, _a);
            model.AdaptersOn = 1;
            // The chains are compiled beside the first passes.
            for (int i = 0; i < 20; i++)
            {
                Assert.Equal(a, Run(model));
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }

            model.AdaptersOn = 0;
            model.UnloadAdapter(0);
            Assert.Equal(none, Run(model));
        }
    }

    private static void Use(MistralModel model, int index, LoraOptions adapter) =>
        model.LoadAdapter(index, adapter, TestContext.Current.CancellationToken);

    private float[] Once(string device, params LoraOptions[] adapters)
    {
        using var model = Load(device, adapters);
        return Run(model);
    }

    private MistralModel Load(string device, params LoraOptions[] adapters) => MistralModel.LoadUntested(
        _checkpoint, TestDevice.Get(device), new ModelOptions(Chunk: 4, Adapters: adapters),
        cancellation: TestContext.Current.CancellationToken);

    // Logits of the prompt and of decoded tokens, which CUDA launches, records and plays.
    private static float[] Run(MistralModel model)
    {
        const int Prompt = 6;
        using var text = new ModelText(model);
        List<float> all = [];
        var logits = new float[model.Config.VocabularySize];
        text.Forward(Ids.AsSpan(0, Prompt));
        for (int i = Prompt; ; i++)
        {
            text.ReadLogits(logits);
            all.AddRange(logits);
            if (i == Ids.Length)
            {
                return [.. all];
            }

            text.Forward(Ids.AsSpan(i, 1));
        }
    }
}
