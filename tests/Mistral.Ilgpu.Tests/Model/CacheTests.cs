using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>The accounts of pages, and pages shared by texts that begin alike.</summary>
public sealed class CacheTests
{
    [Fact]
    public void PagePool_RandomHolders_NeverRunsOutOfWhatItPromised()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var pool = new PagePool(40);
        var holders = new List<Holder>();
        for (int step = 0; step < 20_000; step++)
        {
            if (random.Next(4) == 0 && holders.Count > 0)
            {
                var gone = holders[random.Next(holders.Count)];
                gone.Close(pool);
                holders.Remove(gone);
            }
            else if (random.Next(3) == 0)
            {
                bool turns = random.Next(2) == 0;
                int pages = random.Next(1, 12);
                int[] shared = holders.Count > 0 ? [.. holders[random.Next(holders.Count)].Pages.Take(random.Next(0, pages))] : [];
                if (pages + shared.Sum(page => pool.CostOfSharing(page, turns)) <= pool.Available)
                {
                    holders.Add(new Holder(pool, pages, shared, turns));
                }
            }
            else if (holders.Count > 0)
            {
                holders[random.Next(holders.Count)].GoOn(pool);
            }

            Assert.InRange(pool.Promised, 0, pool.Free);
            int held = holders.SelectMany(holder => holder.Pages).Distinct().Count();
            Assert.Equal(pool.Count - held, pool.Free);
        }

        foreach (var holder in holders)
        {
            holder.Close(pool);
        }

        Assert.Equal((pool.Count, 0), (pool.Free, pool.Promised));
    }

    [Theory]
    [InlineData(8192, 2)]
    [InlineData(32768, 8)]
    public void CacheBytes_WithTheWindow_AreAFractionOfThoseWithout(int length, int times)
    {
        using var checkpoint = Checkpoint.Open("random:mistral-7b");
        var options = new ModelOptions(Context: length);
        Assert.Equal(4096, checkpoint.Config.SlidingWindow);
        long windowed = RotatingKvCache.BytesFor(checkpoint.Config, options);
        Assert.Equal(512L << 20, windowed);
        Assert.Equal(times * windowed, RotatingKvCache.BytesFor(checkpoint.Config with { SlidingWindow = null }, options));
        // Eight bits and their scales.
        Assert.Equal(windowed / 2 * 34 / 32, RotatingKvCache.BytesFor(checkpoint.Config, options with { CacheType = TensorFormat.Q8_0 }));
    }

    [Fact]
    public void TryOpen_KnownBeginning_NeedsNotComputeItsPages()
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        using var model = MistralModel.Load(checkpoint, TestDevice.Get("cpu"), new ModelOptions(Sequences: 3));
        int[] ids = LogitsTests.TinyPrompt(checkpoint, 50);
        using var first = Read(model, ids, ids.Length);
        // One whole page is what 20 tokens have in common; of 48 equal ones the last must be computed.
        using (var second = model.TryOpen(64, [.. ids[..20], 3, 3, 3])!)
        {
            Assert.Equal(16, second.Position);
        }

        using (var third = model.TryOpen(64, ids.AsSpan(0, 48))!)
        {
            Assert.Equal(32, third.Position);
        }

        using (var other = model.TryOpen(64, [4, .. ids[1..]])!)
        {
            Assert.Equal(0, other.Position);
        }

        // What was given back is still known.
        first.Dispose();
        using var again = model.TryOpen(64, ids)!;
        Assert.Equal(48, again.Position);
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("opencl", Traits = [Needs.Trait, Needs.OpenCl])]
    public void SharedPages_OverwrittenByOneText_StayForTheOther(string name)
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        int[] ids = LogitsTests.TinyPrompt(checkpoint, 40);
        float[] expected;
        float[] expectedFirst;
        using (var alone = MistralModel.Load(checkpoint, TestDevice.Get(name)))
        {
            expected = Next(alone, Read(alone, ids, 200), 7);
            var text = Read(alone, ids, 200);
            GoOn(alone, text);
            expectedFirst = Next(alone, text, 7);
        }

        using var model = MistralModel.Load(checkpoint, TestDevice.Get(name), new ModelOptions(Sequences: 2));
        using var first = Read(model, ids, 200);
        using var second = model.TryOpen(200, ids)!;
        Assert.Equal(32, second.Position);
        // The first goes on past its window, into a page that both hold and of which it still sees a part.
        GoOn(model, first);
        Assert.Equal(expectedFirst, Next(model, first, 7));
        var batch = new Batch();
        batch.Prefill(second, ids.AsMemory(32), wantsLogits: false);
        model.Forward(batch);
        Assert.Equal(expected, Next(model, second, 7));

        static void GoOn(MistralModel model, Sequence sequence)
        {
            var batch = new Batch();
            for (int i = 0; i < 30; i++)
            {
                batch.Clear();
                batch.Decode(sequence, 5 + i);
                model.Forward(batch);
            }
        }
    }

    [Fact]
    public void TryOpen_MoreThanTheCacheHolds_IsRefusedInBytesOrWaits()
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        // Two windows of 64 tokens fit: 96 KiB each.
        using var model = MistralModel.Load(checkpoint, TestDevice.Get("cpu"), new ModelOptions(Sequences: 8, CacheBytes: 200 << 10));
        Assert.Equal(2 * (96 << 10), model.Cache.Bytes - (model.Cache.Bytes % (96 << 10)));
        using var first = model.TryOpen()!;
        var second = model.TryOpen()!;
        Assert.Null(model.TryOpen());
        second.Dispose();
        using var third = model.TryOpen();
        Assert.NotNull(third);

        using var small = MistralModel.Load(checkpoint, TestDevice.Get("cpu"), new ModelOptions(CacheBytes: 50 << 10));
        var error = Assert.Throws<CacheFullException>(() => small.TryOpen());
        Assert.Contains("98,304 bytes", error.Message, StringComparison.Ordinal);
        Assert.NotNull(small.TryOpen(30));
    }

    [Fact]
    public void Load_WhereMemoryIsShort_TakesSmallerChunksAndFewerPages()
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        var options = new ModelOptions(Sequences: 4);
        long weights;
        using (var all = MistralModel.Load(checkpoint, TestDevice.Get("cpu"), options))
        {
            Assert.Equal(options.ChunkOn(all.Devices[0].Info), all.Chunk);
            weights = MemoryOf(all) - all.Cache.Bytes - PassBytes(all.Devices[0].Info, all.Chunk);
        }

        long window = RotatingKvCache.BytesFor(checkpoint.Config, new ModelOptions());
        long limit = weights + (2 * window) + PassBytes(TestDevice.Get("cpu").Info, 64);
        using var device = ComputeDevice.Open("cpu", new Mistral.Ilgpu.Execution.Devices.DeviceOptions { MemoryLimit = limit });
        using var model = MistralModel.Load(checkpoint, device, options);
        Assert.Equal(64, model.Chunk);
        Assert.Equal(2 * window, model.Cache.Bytes);
        Assert.Equal(limit, device.AllocatedBytes);

        long PassBytes(Mistral.Ilgpu.Execution.Devices.DeviceInfo device, int chunk) => MistralModel.PassBytes(
            device, MistralGraph.PlanOf(checkpoint.Config, checkpoint.Tensors, options, device), checkpoint.Config, options, chunk);

        static long MemoryOf(MistralModel model)
        {
            long with = model.Devices.AllocatedBytes;
            model.Dispose();
            return with - model.Devices.AllocatedBytes;
        }
    }

    private static Sequence Read(MistralModel model, int[] ids, int maxTokens)
    {
        var sequence = model.TryOpen(maxTokens)!;
        var batch = new Batch();
        batch.Prefill(sequence, ids, wantsLogits: true);
        model.Forward(batch);
        return sequence;
    }

    private static float[] Next(MistralModel model, Sequence sequence, int id)
    {
        using (sequence)
        {
            var batch = new Batch();
            batch.Decode(sequence, id);
            model.Forward(batch);
            var logits = new float[model.Config.VocabularySize];
            model.ReadLogits(0, logits);
            return logits;
        }
    }

    /// <summary>A text as the cache handles it: takes its pages one by one, then, if it turns, overwrites them one by
    /// one.</summary>
    private sealed class Holder
    {
        private readonly int _most;
        private readonly bool _turns;
        private int _next;

        public Holder(PagePool pool, int most, int[] shared, bool turns)
        {
            (_most, _turns) = (most, turns);
            foreach (int page in shared)
            {
                pool.Share(page, turns);
                Pages.Add(page);
            }

            pool.Promise(most);
        }

        public List<int> Pages { get; } = [];

        public void GoOn(PagePool pool)
        {
            if (Pages.Count < _most)
            {
                Pages.Add(pool.Take(_turns));
            }
            else if (_turns)
            {
                int at = _next++ % _most;
                if (pool.IsShared(Pages[at]))
                {
                    Pages[at] = pool.Replace(Pages[at]);
                }
            }
        }

        public void Close(PagePool pool)
        {
            foreach (int page in Pages)
            {
                pool.GiveBack(page, _turns);
            }

            pool.Promise(Pages.Count - _most);
        }
    }
}
