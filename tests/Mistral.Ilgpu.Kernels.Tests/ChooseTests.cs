using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Model;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Tokens are chosen alike by the definition in big integers, by the host, and by every device.</summary>
public sealed class ChooseTests
{
    public static TheoryData<string> Devices => ["cpu:256", "cuda"];

    public static TheoryData<int> Sizes => [1, 2, 7, 60, 1000, 2049, 4099];

    [Theory]
    [MemberData(nameof(Devices))]
    public void ChooseGroup_NoDraw_TakesTheFirstOfTheLargest(string name)
    {
        var device = TestDevice.Get(name);
        Check(device, 900, Enumerable.Repeat(new SamplingOptions(), 12), 12, 64);
        Check(device, 1, [new SamplingOptions()], 1, 64);
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.8)]
    [InlineData(1)]
    [InlineData(100)]
    public void Weight_AnyDistance_IsTheExponential(double temperature)
    {
        var data = new RandomData();
        ulong scale = new SamplingOptions { Temperature = temperature }.ChoiceOf(0).Scale;
        Assert.True(temperature != 1 || scale == TokenWeight.One);
        const double Whole = 1L << 46;
        ulong before = ulong.MaxValue;
        foreach (uint distance in Enumerable.Range(0, 20_000).Select(_ => (uint)data.Next(0, int.MaxValue) >> data.Next(0, 31)).Append(0u).Order())
        {
            double expected = Whole * Math.Exp(-distance / (double)(1 << TokenOrder.FractionBits) / temperature);
            ulong found = TokenWeight.Of(distance, scale);
            // The scale is rounded to 32 bits behind the point.
            double most = expected * (Math.Pow(2, -30) + (Math.Pow(2, -33 - TokenOrder.FractionBits) * distance));
            Assert.InRange(found, expected - 1 - most, expected + most);
            Assert.True(found <= before, $"{distance} weighs more than one that is nearer");
            before = found;
        }

        Assert.Equal(0UL, TokenWeight.Of(TokenOrder.Never, scale));
    }

    [Fact]
    public void Products_OfWideNumbers_AreThoseOfBigIntegers()
    {
        var random = new Random(1);
        for (int i = 0; i < 1000; i++)
        {
            ulong a = (ulong)random.NextInt64() << random.Next(2);
            ulong b = (ulong)random.NextInt64() << random.Next(2);
            Assert.Equal((ulong)(((UInt128)a * b) >> 64), TokenWeight.HighProduct(a, b));
            Assert.Equal((ulong)((((UInt128)a * b) + ulong.MaxValue) >> 64), TokenWeight.Reach(a, b));
        }

        Assert.Equal(ulong.MaxValue - 1, TokenWeight.HighProduct(ulong.MaxValue, ulong.MaxValue));
        Assert.Equal(1UL, TokenWeight.Reach(1, 0));
    }

    [Fact]
    public void Places_OfAllTokens_AreThoseOfADraw()
    {
        int[] inOrder = [.. Enumerable.Range(0, TokenOrder.MostTokens).OrderBy(TokenOrder.Place)];
        Assert.Equal(Enumerable.Range(0, TokenOrder.MostTokens).OrderBy(id => id % TokenOrder.Columns).ThenBy(id => id), inOrder);
        Assert.All(inOrder, id => Assert.Equal(id, TokenOrder.IdAt(TokenOrder.Place(id))));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Host_AnyOptions_ChoosesByTheDefinition(int columns)
    {
        var data = new RandomData();
        var host = new HostChoice(columns);
        foreach (var options in AllOptions(columns))
        {
            float[] logits = Logits(data, columns);
            var choice = options.ChoiceOf(Random(data));
            int expected = ByDefinition(logits, choice);
            Assert.True(expected == host.Choose(logits, choice), $"{options}");
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void ChooseGroup_AnyOptions_ChoosesWhatTheHostDoes(string name)
    {
        var device = TestDevice.Get(name);
        bool isCpu = device.Info.Kind == DeviceKind.Cpu;
        bool isSlow = TestDevice.IsInterpreted(device) || isCpu;
        foreach (int columns in new[] { 1, 2, 7, 60, 1000, 2049, 4099 })
        {
            // A barrier of the CPU accelerator takes milliseconds where groups are as large as a GPU's, so it has such for one
            // length.
            Check(device, columns, AllOptions(columns), isCpu ? 12 : isSlow ? 24 : 400, isCpu && columns != 2049 ? 32 : Math.Min(device.Info.MaxGroupSize, 256));
        }

        Check(device, 700, AllOptions(700), isSlow ? 4 : 40, 1);
        Check(device, 700, AllOptions(700), isSlow ? 4 : 40, 96);
    }

    // Where one unit more or less in a sum is another token.
    [Theory]
    [MemberData(nameof(Devices))]
    public void ChooseGroup_AtTheEdgesOfTokens_ChoosesWhatTheHostDoes(string name)
    {
        const int Columns = 300;
        const int Rows = 40;
        var data = new RandomData();
        float[][] logits = [.. Enumerable.Range(0, Rows).Select(_ => data.Floats(Columns, 3))];
        TokenChoice[] draws = [.. logits.Select(row => AtAnEdge(row, new SamplingOptions { Temperature = 0.8 }.ChoiceOf(0)))];
        TokenChoice[] topP = [.. logits.Select(row => AtAnEdge(row, new SamplingOptions { Temperature = 100, TopP = 0.5 }.ChoiceOf(Random(data))))];
        Check(TestDevice.Get(name), logits, draws, 64, row => $"draw {row}");
        Check(TestDevice.Get(name), logits, topP, 64, row => $"top-p {row}");

        // The sum that decides is what the tokens before one weigh, or one more than that.
        TokenChoice AtAnEdge(float[] row, TokenChoice choice)
        {
            float best = row.Max();
            var tokens = row.Select((logit, id) => (Distance: TokenOrder.Distance(logit, best), Id: id)).OrderBy(token => choice.TopP == 0 ? TokenOrder.Place(token.Id) : token.Distance);
            ulong[] weights = [.. tokens.Select(token => TokenWeight.Of(token.Distance, choice.TopP == 0 ? choice.Scale : TokenWeight.One))];
            ulong total = weights.Aggregate((a, b) => a + b);
            ulong sum = weights.Take(data.Next(1, Columns)).Aggregate((a, b) => a + b);
            ulong share = (ulong)(((UInt128)sum << 64) / total) + (ulong)data.Next(0, 2);
            return choice.TopP == 0 ? choice with { Random = share } : choice with { TopP = share };
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void ChooseGroup_WholeVocabularies_ChoosesWhatTheHostDoes(string name)
    {
        var device = TestDevice.Get(name);
        bool isSlow = TestDevice.IsInterpreted(device) || device.Info.Kind == DeviceKind.Cpu;
        int group = Math.Min(device.Info.MaxGroupSize, ChooseGroup.MaxGroupSize);
        Check(device, 32_000, AllOptions(32_000), isSlow ? 6 : 200, group);
        Check(device, 131_072, AllOptions(131_072), isSlow ? 2 : 40, group);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void ChooseGroup_LogitsThatAreNoNumbers_SaysSo(string name)
    {
        var device = TestDevice.Get(name);
        var data = new RandomData();
        const int Columns = 77;
        var choice = new SamplingOptions { Temperature = 1, TopP = 0.9 }.ChoiceOf(Random(data));
        // The padding is not a number, and is not read.
        float[] padding = [.. Enumerable.Repeat(float.NaN, Padding.Pad(Columns) - Columns)];
        float[] good = data.Floats(Columns);
        float[][] bad =
        [
            .. new[] { float.NaN, -float.NaN, float.PositiveInfinity }.Select(value => good.Select((logit, id) => id == 76 ? value : logit).ToArray()),
            [.. Enumerable.Repeat(float.NegativeInfinity, Columns)],
        ];
        float[][] rows = [.. bad, good];
        var result = device.Zeros<int>(rows.Length);
        var state = PassState.OfChoices(device, [.. rows.Select(_ => choice)]);
        device.Launch(
            new KernelConfig(rows.Length, 64),
            new ChooseGroup(state, device.Upload([.. rows.SelectMany(row => row.Concat(padding))]).Cast<Floats4>(), result, Columns, Padding.Pad(Columns)));
        var host = new HostChoice(Columns);
        Assert.All(bad, row => Assert.Throws<ArithmeticException>(() => host.Choose(row, choice)));
        Assert.Equal([-1, -1, -1, -1, host.Choose(good, choice)], device.Download(result));
    }

    private static void Check(ComputeDevice device, int columns, IEnumerable<SamplingOptions> all, int most, int group)
    {
        var data = new RandomData();
        SamplingOptions[] options = [.. all.OrderBy(_ => data.Next(0, int.MaxValue)).Take(most)];
        float[][] logits = [.. options.Select(_ => Logits(data, columns))];
        Check(device, logits, [.. options.Select(one => one.ChoiceOf(Random(data)))], group, row => $"{columns} tokens, {options[row]}");
    }

    private static void Check(ComputeDevice device, float[][] logits, TokenChoice[] choices, int group, Func<int, string> describe)
    {
        int columns = logits[0].Length;
        int stride = Padding.Pad(columns);
        var result = device.Zeros<int>(choices.Length);
        using var values = device.Allocate<float>((long)choices.Length * stride, "test data");
        values.View.CopyFromCPU(device.Stream, [.. logits.SelectMany(row => row.Concat(new float[stride - columns]))]);
        device.Launch(
            new KernelConfig(choices.Length, group),
            new ChooseGroup(PassState.OfChoices(device, choices), values.View.Cast<Floats4>(), result, columns, stride));
        int[] found = device.Download(result);
        var host = new HostChoice(columns);
        for (int row = 0; row < choices.Length; row++)
        {
            int expected = host.Choose(logits[row], choices[row]);
            Assert.True(expected == found[row], $"{describe(row)}: the host chose {expected}, the device {found[row]}");
        }
    }

    // Every combination, each with temperatures from the least to the largest in use.
    private static IEnumerable<SamplingOptions> AllOptions(int columns) =>
        from temperature in new[] { 0, 0.01, 0.8, 1, 100 }
        from topK in new[] { 0, 1, 2, 40, columns - 1, columns, 1_000_000 }
        from topP in new[] { 1e-9, 0.3, 0.95, 1 - 1e-12, 1 }
        from minP in new[] { 0, 0.05, 1 }
        select new SamplingOptions { Temperature = temperature, TopK = Math.Max(0, topK), TopP = topP, MinP = minP };

    // Of several kinds: spread as a model's are or as masks make them, or few distinct ones, so that many are equal.
    private static float[] Logits(RandomData data, int columns)
    {
        float[] logits = data.Floats(columns, 12);
        int kind = data.Next(0, 5);
        for (int id = 0; id < columns; id++)
        {
            logits[id] = kind switch
            {
                0 => MathF.Round(logits[id] / 4),
                1 => logits[id] * MathF.Abs(logits[id]),
                2 => id % 3 == 0 ? float.NegativeInfinity : id % 7 == 0 ? -1e9f : logits[id],
                3 => logits[id] * 1e-3f,
                _ => logits[id],
            };
        }

        // One is finite whatever the kind.
        logits[columns - 1] = 1;
        return logits;
    }

    private static ulong Random(RandomData data) => data.Next(0, 8) switch
    {
        0 => 0,
        1 => ulong.MaxValue,
        _ => ((ulong)(uint)data.Next(int.MinValue, int.MaxValue) << 32) | (uint)data.Next(int.MinValue, int.MaxValue),
    };

    /// <summary>Each filter as it is defined, over all tokens in their order.</summary>
    private static int ByDefinition(float[] logits, TokenChoice choice)
    {
        float best = logits.Max();
        if (!choice.IsDrawn)
        {
            return Array.IndexOf(logits, best);
        }

        var kept = logits.Select((logit, id) => (Distance: TokenOrder.Distance(logit, best), Id: id)).OrderBy(token => token).Take(choice.TopK).ToList();
        if (choice.TopP != 0)
        {
            UInt128 total = Sum(TokenWeight.One);
            UInt128 sum = 0;
            // The share is of 2⁶⁴.
            int count = kept.FindIndex(token => (sum += TokenWeight.Of(token.Distance, TokenWeight.One)) << 64 >= choice.TopP * total) + 1;
            kept = kept[..count];
        }

        kept = [.. kept.Where(token => token.Distance <= choice.MostDistance).OrderBy(token => TokenOrder.Place(token.Id))];
        UInt128 drawn = (choice.Random * Sum(choice.Scale)) >> 64;
        UInt128 passed = 0;
        return kept.First(token => (passed += TokenWeight.Of(token.Distance, choice.Scale)) > drawn).Id;

        UInt128 Sum(ulong scale) => kept.Aggregate(UInt128.Zero, (sum, token) => sum + TokenWeight.Of(token.Distance, scale));
    }
}
