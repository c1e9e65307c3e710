using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Products;

/// <summary>Norms and gates write rows of prompts in 16 bits where products on tensor cores read them.</summary>
public sealed class RoundedOutputTests
{
    public static TheoryData<string, TensorFormat> Formats => TestDevice.Rows(
        ["cuda", "cuda:mma"], [TensorFormat.BFloat16, TensorFormat.Float16, TensorFormat.Q8_0], TestDevice.IsLong);

    [Theory]
    [MemberData(nameof(Formats))]
    public void FeedForward_OfPrompts_HasTheBitsOfOperationsApart(string name, TensorFormat format)
    {
        const int Columns = 64;
        const int Rows = 96;
        const int Decoded = 2;
        const int Tokens = 7;
        var device = TestDevice.Get(name);
        float[] gain = new RandomData().Floats(Columns, 2);
        var product = new Product(device, format, 2 * Rows, Columns, Tokens);
        var down = new Product(device, format, 19, Rows, 1).Band;
        foreach (int decoded in new[] { 0, Decoded })
        {
            var pass = new Pass(decoded, Tokens - decoded, 0);
            var (gated, _, output) = product.RunFeedForward(pass, gain, down);
            var apart = product.RunFeedForward(pass, gain, down, isApart: true);

            Assert.Equal(apart.Down, output);
            // Float32 is written of decoded tokens alone.
            Assert.Equal(apart.Gated[..(decoded * Rows)], gated[..(decoded * Rows)]);
            Assert.All(gated[(decoded * Rows)..], value => Assert.Equal(0, value));
        }
    }

    [Theory]
    [InlineData(1e6f, 0x7BFFu, 0x4974u)]
    [InlineData(-1e6f, 0xFBFFu, 0xC974u)]
    [InlineData(1.00390625f, 0x3C04u, 0x3F80u)]
    public void RmsNormRounded_OfAnyRow_IsThatOfTheTwoKernels(float large, uint half, uint bfloat)
    {
        const int Rows = 3;
        const int Columns = 48;
        var device = TestDevice.Get("cuda");
        // A gain that makes the first output the number, where the norm makes 1 of it.
        float[] x = new RandomData().Floats(Rows * Columns, 2);
        Array.Fill(x, 1);
        float[] gain = new RandomData().Floats(Columns, 2);
        gain[0] = large;
        Check<Float16Tensor>(half);
        Check<BFloat16Tensor>(bfloat);

        void Check<TTensor>(uint expected)
            where TTensor : struct, ISplitFormat
        {
            var state = PassState.Of(device, Rows, 0);
            var input = device.Upload(x).Cast<Floats4>();
            var norm = new RmsNormed(device.Upload(gain).Cast<Floats4>(), Columns, 0);
            var floats = device.Zeros<float>(Rows * Columns);
            var (apart, together) = (device.Zeros<ushort>(Rows * Columns), device.Zeros<ushort>(Rows * Columns));
            device.Launch(
                new KernelConfig(Rows, 64),
                new RmsNormWarp<FloatsAlone>(state, input, norm, floats.Cast<Floats4>(), default, Columns, RowRange.Tokens, RowRange.Tokens));
            device.Launch(new KernelConfig(1, 64), new RoundInput<TTensor>(state, floats, apart, Columns, RowRange.Tokens));
            device.Launch(
                new KernelConfig(Rows, 64), new RmsNormRounded<TTensor>(state, input, norm, together, Columns, RowRange.Tokens));
            Assert.Equal(device.Download(apart), device.Download(together));
            Assert.Equal(expected, device.Download(together)[0]);
        }
    }

    // The calculation of expected times counts what is launched.
    [Theory]
    [InlineData(TensorFormat.BFloat16, 4)]
    [InlineData(TensorFormat.Q4_K, 4)]
    [InlineData(TensorFormat.BFloat16, 0)]
    [InlineData(TensorFormat.Q4_K, 0)]
    public void Pass_OfAModel_LaunchesTheExpectedKernels(TensorFormat weights, int promptTokens)
    {
        using var device = TestDevice.OpenCounted();
        var kernels = new Kernels();
        var graph = PlannedModel.Bind(device, kernels, weights, TensorFormat.Float16, headDim: 64, ActivationType.Int8);
        bool isPrompt = promptTokens > 0;
        var pass = isPrompt ? new Pass(0, promptTokens, 1) : new Pass(2, 0, 2);
        pass.Add(new PassSpan(0, isPrompt ? promptTokens : 1));
        pass.Add(new PassSpan(0, isPrompt ? 0 : 1));
        foreach (var step in graph.StepsOf(pass))
        {
            step.Launch(pass);
        }

        var expected = ExpectedTimes.Of(
            PlannedModel.Config(64), weights, isPrompt ? promptTokens : 2, 0, isPrompt).SkipLast(1).SelectMany(step => step.Kernels);
        Assert.Equal(
            expected.Select(kernel => kernel.Name),
            kernels.Launched.Select(kernel => kernel.Name.Split('`')[0]).Select(name => name == "BlockEmbed" ? "Embed" : name));
    }

    // Which kernels of a prompt's pass round, of a layer and the logits.
    [Theory]
    [InlineData(TensorFormat.BFloat16, TensorFormat.Float16, 0)]
    [InlineData(TensorFormat.BFloat16, TensorFormat.BFloat16, 0)]
    [InlineData(TensorFormat.Q4_K, TensorFormat.Float16, 0)]
    // Attention over a cache in eight bits is not on tensor cores.
    [InlineData(TensorFormat.Q4_K, TensorFormat.Q8_0, 1)]
    public void Prompt_OnTensorCores_IsRoundedByWhatMakesIt(TensorFormat weights, TensorFormat cache, int rounds)
    {
        using var device = TestDevice.OpenCounted();
        var kernels = new Kernels();
        var graph = PlannedModel.Bind(device, kernels, weights, cache, headDim: 64, ActivationType.Int8);
        foreach (var pass in new[] { new Pass(0, 3, 1), new Pass(0, 3, 3) { IsScoring = true }, new Pass(1, 2, 1) })
        {
            kernels.Launched.Clear();
            foreach (var span in new[] { new PassSpan(0, pass.TokenCount) })
            {
                pass.Add(span);
            }

            foreach (var step in graph.StepsOf(pass))
            {
                step.Launch(pass);
            }

            Assert.Equal(rounds, kernels.Launched.Count(kernel => kernel.Name.StartsWith("RoundInput", StringComparison.Ordinal)));
            Assert.Contains(kernels.Launched, kernel => kernel.Name.StartsWith("RmsNormRounded", StringComparison.Ordinal));
        }
    }

    private sealed class Kernels : IKernelBinder
    {
        public List<Type> Launched { get; } = [];

        public Action<KernelConfig> Bind<TKernel>(TKernel kernel)
            where TKernel : struct, IKernel => _ => Launched.Add(typeof(TKernel));

        public Lazy<Launch> Later(Func<Launch> make) => new(make);
    }
}
