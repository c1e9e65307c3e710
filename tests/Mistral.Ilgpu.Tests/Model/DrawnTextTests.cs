using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.PtxMachine.Driver;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>Tokens that a model draws: those that the host draws from the same logits, whatever else is in their
/// passes.</summary>
public sealed class DrawnTextTests
{
    private const int Drawn = 6;
    private const int Vocabulary = 300;

    private static readonly SamplingOptions[] Options =
    [
        new() { Temperature = 0.8, TopK = 40, TopP = 0.95, Seed = 1 },
        new SamplingOptions(),
        new() { Temperature = 1, Seed = 2 },
        new() { Temperature = 1.5, TopP = 0.7, MinP = 0.2, Seed = 3 },
    ];

    public static TheoryData<string> Devices => TestDevice.All;

    [Theory]
    [MemberData(nameof(Devices))]
    public void Tokens_InCompanyAndAlone_AreTheHosts(string name)
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Write(folder.Path);
        Check(checkpoint, TestDevice.Get(name));
    }

    [Fact]
    public void Token_OfARecordedPass_IsOneGraphAndOneCopyBack()
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Write(folder.Path);
        using var device = TestDevice.OpenCounted();
        using var model = MistralModel.LoadUntested(checkpoint, device, new ModelOptions(), progress: null, TestContext.Current.CancellationToken);
        using var text = new ModelText(model);
        var greedy = Count(new Sampler(new SamplingOptions(), 0, new HostChoice(Vocabulary)));
        text.Reset();
        var drawn = Count(new Sampler(Options[0], Options[0].Seed ?? 0, new HostChoice(Vocabulary)));
        Assert.Equal(1, drawn["cuGraphLaunch"]);
        Assert.DoesNotContain("cuLaunchKernel", drawn.Keys);
        Assert.Equal(greedy, drawn);

        Dictionary<string, int> Count(Sampler sampler)
        {
            text.Forward([1, 2, 3], sampler.NextChoice());
            for (int i = 0; i < 3; i++)
            {
                text.Forward([text.Choose()], sampler.NextChoice());
            }

            int last = text.Choose();
            var counts = CudaDriver.Counts = new CallCounts();
            text.Forward([last], sampler.NextChoice());
            text.Choose();
            return new Dictionary<string, int>(counts.Calls);
        }
    }

    [Fact]
    public void ArgMax_OfAPassThatDraws_IsRefused()
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Write(folder.Path);
        using var model = MistralModel.Load(checkpoint, TestDevice.Get("cpu"));
        using var text = new ModelText(model);
        text.Forward([1, 2], new Sampler(Options[0], Options[0].Seed ?? 0, new HostChoice(Vocabulary)).NextChoice());
        Assert.Throws<InvalidOperationException>(() => text.ArgMax());
        Assert.InRange(text.Choose(), 0, Vocabulary - 1);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Choose_LogitsThatAreNoNumbers_NamesTheirFirstToken(string name)
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Write(folder.Path);
        var device = TestDevice.Get(name);
        using var model = MistralModel.Load(checkpoint, device);
        using var walk = model.WalkBy((step, pass) =>
        {
            step.Launch(pass);
            if (step.Kind == "output")
            {
                step.Output!.View.SubView(5, 2).CopyFromCPU(device.Stream, [float.NaN, float.PositiveInfinity]);
            }
        });
        using var text = new ModelText(model);
        text.Forward([1, 2], new Sampler(Options[0], Options[0].Seed ?? 0, new HostChoice(Vocabulary)).NextChoice());
        Assert.Contains("token 5", Assert.Throws<ModelFileException>(() => text.Choose()).Message, StringComparison.Ordinal);
    }

    private static Checkpoint Write(string folder)
    {
        var random = new RandomCheckpoint(12);
        random.Config["vocab_size"] = Vocabulary;
        random.Write(folder);
        return Checkpoint.Open(folder);
    }

    private static void Check(Checkpoint checkpoint, ComputeDevice device)
    {
        using var model = MistralModel.LoadUntested(
            checkpoint, device, new ModelOptions(Sequences: Options.Length, Chunk: 16), progress: null, TestContext.Current.CancellationToken);
        var alone = Options.Select((_, text) => Run(model, text).Single()).ToList();
        Assert.Equal(alone, Run(model, [.. Enumerable.Range(0, Options.Length)]));
        // A draw is not the likeliest token each time.
        Assert.True(alone.SelectMany(ids => ids).Distinct().Count() > Drawn);
    }

    /// <summary>The tokens of these texts, drawn together, each from the logits that the host is given too.</summary>
    private static List<List<int>> Run(MistralModel model, params int[] texts)
    {
        var batch = new Batch();
        var host = new HostChoice(Vocabulary);
        var logits = new float[Vocabulary];
        Sequence[] sequences = [.. texts.Select(_ => model.TryOpen()!)];
        Sampler[] samplers = [.. texts.Select(text => new Sampler(Options[text], Options[text].Seed ?? 0, new HostChoice(Vocabulary)))];
        List<List<int>> ids = [.. texts.Select(_ => new List<int>())];
        for (int i = 0; i < texts.Length; i++)
        {
            var choice = samplers[i].NextChoice();
            batch.Clear();
            batch.Prefill(sequences[i], Enumerable.Range(0, 3 + texts[i]).ToArray(), wantsLogits: true, choice);
            model.Forward(batch);
            Take(i, 0, choice);
        }

        for (int step = 0; step < Drawn; step++)
        {
            batch.Clear();
            TokenChoice[] choices = [.. samplers.Select(sampler => sampler.NextChoice())];
            for (int i = 0; i < texts.Length; i++)
            {
                batch.Decode(sequences[i], ids[i][^1], choices[i]);
            }

            model.Forward(batch);
            for (int i = 0; i < texts.Length; i++)
            {
                Take(i, i, choices[i]);
            }
        }

        Array.ForEach(sequences, sequence => sequence.Dispose());
        return ids;

        void Take(int text, int row, TokenChoice choice)
        {
            model.ReadLogits(row, logits);
            ids[text].Add(model.Choose(row));
            Assert.Equal(host.Choose(logits, choice), ids[text][^1]);
        }
    }
}
