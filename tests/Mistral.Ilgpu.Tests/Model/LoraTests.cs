using System.Runtime.InteropServices;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tests.Cli;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>Adapters against a float64 model whose weights were changed beforehand.</summary>
public sealed class LoraTests : IDisposable
{
    private const int Rank = 3;

    private static readonly int[] Ids = [1, 17, 5, 30, 22, 9, 11, 3, 38, 8, 2];

    private readonly TemporaryFolder _folder = new();
    private readonly Random _random = new(11);
    private readonly Dictionary<string, float[]> _changes = [];

    public static TheoryData<string> Devices => TestDevice.All;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Devices))]
    public void Adapters_Together_EqualChangedWeights(string name)
    {
        using var checkpoint = Write();
        WritePeft(
            checkpoint.Config, "peft", alpha: 6, TensorNames.Query(0), TensorNames.Value(1), TensorNames.Up(0),
            TensorNames.Down(1), TensorNames.Output);
        WriteMistral(
            checkpoint.Config, "own", TensorNames.Query(0), TensorNames.Key(0), TensorNames.AttentionOutput(1),
            TensorNames.Gate(0));
        var reference = Changed(checkpoint, ("peft", 6.0 / Rank * 0.5), ("own", 2));
        LoraOptions[] adapters = [new(_folder.File("peft"), 0.5f), new(_folder.File("own/lora.safetensors"))];
        using var model = MistralModel.Load(
            checkpoint, TestDevice.Get(name), new ModelOptions(CacheType: TensorFormat.Float32, Chunk: 4, Adapters: adapters));

        Assert.InRange(Error(model, reference), 0, 1e-5);
        model.AdaptersOn = 1;
        Assert.InRange(Error(model, Changed(checkpoint, ("peft", 6.0 / Rank * 0.5))), 0, 1e-5);
        model.AdaptersOn = 0;
        Assert.InRange(Error(model, new ReferenceModel(checkpoint)), 0, 1e-5);
        model.AdaptersOn = 2;
        Assert.True(Error(model, new ReferenceModel(checkpoint)) > 1e-3);
    }

    [Fact]
    public async Task Texts_OfOtherAdaptersAtOnce_AreThoseAlone()
    {
        using var checkpoint = Write();
        WritePeft(checkpoint.Config, "a", 6, TensorNames.Query(0), TensorNames.Output);
        WritePeft(checkpoint.Config, "b", 9, TensorNames.Up(0), TensorNames.Output);
        LoraOptions[] adapters = [new(_folder.File("a"), 4), new(_folder.File("b"), 4)];
        using var model = MistralModel.Load(
            checkpoint, TestDevice.Get("cpu"), new ModelOptions(Chunk: 4, Adapters: adapters, Sequences: 8));
        await using var engine = new Engine(model, TinyModel.Required.Tokenizer, maxWaiting: 8);
        var names = model.Adapters.Names;
        TextRequest[] requests =
        [
            .. new IReadOnlyList<string>?[] { [], [names[0]], [names[1]], null }.Select(on => new TextRequest(Ids)
            {
                Adapters = on, Options = new GenerationOptions { MaxTokens = 12, IgnoreEos = true },
            }),
        ];
        List<IReadOnlyList<int>> alone = [];
        foreach (var request in requests)
        {
            var text = engine.Submit(request, TestContext.Current.CancellationToken);
            await text.Completion;
            alone.Add(text.Ids);
        }

        TextGeneration[] together =
            [.. requests.Concat(requests).Select(request => engine.Submit(request, TestContext.Current.CancellationToken))];
        await Task.WhenAll(together.Select(text => text.Completion));
        Assert.All(together, (text, i) => Assert.Equal(alone[i % requests.Length], text.Ids));
        Assert.Equal(requests.Length, alone.Select(ids => string.Join(' ', ids)).Distinct().Count());
    }

    [Theory]
    [InlineData("lora_A", "lora_X", "changes nothing")]
    [InlineData("layers.0", "layers.9", "changes nothing")]
    [InlineData("self_attn.q_proj.lora_B", "self_attn.k_proj.lora_B", "found no lora_B")]
    public void Open_TensorOfAnotherModel_IsRefused(string from, string to, string message)
    {
        using var checkpoint = Write();
        WritePeft(checkpoint.Config, "peft", 6, TensorNames.Query(0));
        string path = _folder.File("peft/adapter_model.safetensors");
        byte[] bytes = File.ReadAllBytes(path);
        string text = System.Text.Encoding.Latin1.GetString(bytes);
        int at = text.IndexOf(from, StringComparison.Ordinal);
        File.WriteAllBytes(path, System.Text.Encoding.Latin1.GetBytes(text[..at] + to + text[(at + from.Length)..]));
        Refused(checkpoint, message);
    }

    [Theory]
    [InlineData("\"LORA\"", "\"IA3\"", "peft_type: found IA3")]
    [InlineData("\"r\": 3", "\"r\": 0", "r: found 0")]
    [InlineData("\"lora_alpha\": 6", "\"lora_alpha\": 1e300", "lora_alpha: found 1e300, expected a scale in float32")]
    [InlineData("\"lora_alpha\": 6", "\"use_dora\": true, \"lora_alpha\": 6", "use_dora")]
    public void Open_AnotherKindOfAdapter_IsRefused(string from, string to, string message)
    {
        using var checkpoint = Write();
        WritePeft(checkpoint.Config, "peft", 6, TensorNames.Query(0));
        string path = _folder.File("peft/adapter_config.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace(from, to, StringComparison.Ordinal));
        Refused(checkpoint, message);
    }

    private void Refused(Checkpoint checkpoint, string message)
    {
        var options = new ModelOptions(Adapters: [new LoraOptions(_folder.File("peft"))]);
        string found = Assert.Throws<ModelFileException>(
            () => MistralModel.Load(checkpoint, TestDevice.Get("cpu"), options).Dispose()).Message;
        Assert.Contains(message, found);
        Assert.DoesNotContain('\n', found);
    }

    private Checkpoint Write()
    {
        new RandomCheckpoint(5).Write(_folder.File("model"));
        return Checkpoint.Open(_folder.File("model"));
    }

    private void WritePeft(ModelConfig config, string name, int alpha, params string[] targets)
    {
        Directory.CreateDirectory(_folder.File(name));
        File.WriteAllText(
            _folder.File($"{name}/adapter_config.json"),
            $$"""{"peft_type": "LORA", "r": {{Rank}}, "lora_alpha": {{alpha}}, "bias": "none", "target_modules": ["q_proj"], "rank_pattern": {} }""");
        WriteTensors(name, "adapter_model.safetensors", TensorNames.HuggingFace(config), "base_model.model.", targets);
    }

    private void WriteMistral(ModelConfig config, string name, params string[] targets)
    {
        Directory.CreateDirectory(_folder.File(name));
        WriteTensors(name, "lora.safetensors", TensorNames.Mistral(config), "", targets);
    }

    /// <summary>Writes random pairs, and keeps B A in the order of rows that this layout has.</summary>
    private void WriteTensors(string name, string file, IEnumerable<ExpectedTensor> layout, string prefix, string[] targets)
    {
        var tensors = new Dictionary<string, (string, long[], byte[])>();
        foreach (var target in layout.Where(tensor => targets.Contains(tensor.Name)))
        {
            float[] a = Values(Rank * target.Columns);
            float[] b = Values(target.Rows * Rank);
            string source = prefix + target.SourceName[..^".weight".Length];
            tensors[source + ".lora_A.weight"] = ("F32", [Rank, target.Columns], MemoryMarshal.AsBytes(a.AsSpan()).ToArray());
            tensors[source + ".lora_B.weight"] = ("F32", [target.Rows, Rank], MemoryMarshal.AsBytes(b.AsSpan()).ToArray());
            var change = new float[target.Rows * target.Columns];
            for (int row = 0; row < target.Rows; row++)
            {
                // Hugging Face's halves here are the neighbours there.
                int half = target.SplitHeadDim / 2;
                int within = half == 0 ? 0 : row % target.SplitHeadDim;
                int to = half == 0 ? row : row - within + (within % half * 2) + (within / half);
                for (int column = 0; column < target.Columns; column++)
                {
                    for (int k = 0; k < Rank; k++)
                    {
                        change[(to * target.Columns) + column] += b[(row * Rank) + k] * a[(k * target.Columns) + column];
                    }
                }
            }

            _changes[$"{name} {target.Name}"] = change;
        }

        RandomCheckpoint.WriteSafetensors(_folder.File($"{name}/{file}"), tensors);
    }

    private float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(_random.NextDouble() - 0.5) * 0.4f)];

    private ReferenceModel Changed(Checkpoint checkpoint, params (string Name, double Scale)[] adapters)
    {
        var weights = checkpoint.Tensors.ToDictionary(tensor => tensor.Key, tensor =>
        {
            var values = new float[tensor.Value.Rows * tensor.Value.Columns];
            tensor.Value.CopyRows(0, tensor.Value.Rows, TensorFormat.Float32, MemoryMarshal.AsBytes(values.AsSpan()));
            double[] changed = [.. values.Select(value => (double)value)];
            foreach (var (name, scale) in adapters)
            {
                if (_changes.TryGetValue($"{name} {tensor.Key}", out var change))
                {
                    changed = [.. changed.Zip(change, (weight, delta) => weight + (scale * delta))];
                }
            }

            return changed;
        });
        return new ReferenceModel(checkpoint.Config, weights);
    }

    private static double Error(MistralModel model, ReferenceModel reference)
    {
        double[] expected = reference.Forward(Ids)[^1];
        using var text = new ModelText(model);
        text.Forward(Ids);
        var found = new float[expected.Length];
        text.ReadLogits(found);
        return Math.Sqrt(expected.Zip(found, (a, b) => (a - b) * (a - b)).Sum() / expected.Sum(value => value * value));
    }
}
