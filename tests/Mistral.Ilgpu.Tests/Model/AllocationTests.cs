using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>
/// No managed memory is allocated per token. What ILGPU itself allocates for launches and copies is measured beside it, on the
/// same device with a kernel that does nothing, and taken off.
/// </summary>
[Collection(nameof(AllocationTests))]
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationTests
{
    private const int Tokens = 200;

    public static TheoryData<string> Devices => TestDevice.All;

    [Theory]
    [MemberData(nameof(Devices))]
    public void Decode_OfOneText_AllocatesNothing(string name)
    {
        var device = TestDevice.Get(name, isLong: true);
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        using var model = MistralModel.Load(checkpoint, device);
        // Else done beside the first texts, and counted.
        model.Prepare();
        using var text = new ModelText(model);
        int[] next = [1];
        text.Forward([1, 5, 9]);
        // Until the ring has turned, now and then a page is taken and the table brought to the device.
        long perToken = Smallest(() =>
        {
            text.Forward(next);
            next[0] = text.ArgMax();
        });
        int launches = device.Info.Kind == DeviceKind.Cpu ? 1 : model.Parts[0].Graph.StepsOf(model.LastPass).Length;
        AssertNoMore(perToken, OwnOfIlgpu(device, launches + 1, copies: 1));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Decode_OfManyTexts_AllocatesTheirTextAlone(string name)
    {
        var device = TestDevice.Get(name, isLong: true);
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        using var model = MistralModel.Load(checkpoint, device, new ModelOptions(Sequences: 3));
        model.Prepare();
        var queue = new TextQueue(maxWaiting: 3);
        var scheduler = new Scheduler(model, checkpoint.Tokenizer, queue);
        foreach (bool samples in new[] { false, true, false })
        {
            int[] prompt = [1, 5, 9];
            var request = new TextRequest(prompt)
            {
                Options = new GenerationOptions
                {
                    MaxTokens = 100_000, IgnoreEos = true,
                    Sampling = new SamplingOptions { Temperature = samples ? 0.8f : 0, TopK = 20, Seed = 1 },
                },
            };
            queue.Add(new TextGeneration(request, prompt, maxTokens: 100_003, adapters: default, _ => { }));
        }

        long perPass = Smallest(() => scheduler.Step(CancellationToken.None));
        scheduler.EndAll(fault: null);
        int launches = device.Info.Kind == DeviceKind.Cpu ? 1 : model.Parts[0].Graph.StepsOf(model.LastPass).Length;
        // A few characters, and the string and the queue that hold them.
        const int PerText = 160;
        AssertNoMore(perPass, OwnOfIlgpu(device, launches + 1, copies: 2) + (3 * PerText));
    }

    private static void AssertNoMore(long found, long allowed)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"{found} bytes, allowed {allowed}");
        Assert.InRange(found, 0, allowed);
    }

    // Bytes of one run, the smallest mean of a few, since other threads of the tests and the just-in-time compiler allocate as
    // well.
    private static long Smallest(Action run)
    {
        for (int i = 0; i < Tokens; i++)
        {
            run();
        }

        long smallest = long.MaxValue;
        for (int trial = 0; trial < 5; trial++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (int i = 0; i < Tokens; i++)
            {
                run();
            }

            smallest = Math.Min(smallest, (GC.GetTotalAllocatedBytes(precise: true) - before) / Tokens);
        }

        return smallest;
    }

    private static long OwnOfIlgpu(ComputeDevice device, int launches, int copies)
    {
        using var buffer = device.Allocate<int>(16, "test data");
        var values = new int[16];
        var nothing = device.Bind(new Nothing(buffer.View));
        var shape = device.Info.Kind == DeviceKind.Cpu ? new KernelConfig(1, device.Info.MaxGroupSize) : new KernelConfig(1, 1);
        return Smallest(() =>
        {
            buffer.View.CopyFromCPU(device.Stream, values);
            for (int i = 0; i < launches; i++)
            {
                nothing(shape);
            }

            for (int i = 0; i < copies; i++)
            {
                buffer.View.CopyToCPU(device.Stream, values);
            }
        });
    }

    public readonly record struct Nothing(ArrayView<int> View) : IKernel
    {
        public void Execute()
        {
        }
    }
}
