using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Planning;
using Mistral.Ilgpu.Reference;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>
/// Texts of random lengths go through paged rings in ragged passes of random chunks and single tokens. Every row of every pass is
/// compared with float64 over keys that are all kept and masked.
/// </summary>
internal static partial class RaggedPasses
{
    /// <param name="prompt">Length of all prompts, after which every pass decodes; random ones and passes if null.</param>
    /// <param name="splitTiles">Tiles of a split at least; the device's choice if null.</param>
    public static void Check<TCache, TElement>(ComputeDevice device, Shape s, TensorFormat format, Form form, double tolerance, int passes = 8, int? prompt = null, int? splitTiles = null)
        where TCache : struct, ICacheFormat<TElement>
        where TElement : unmanaged
    {
        var data = new RandomData();
        const int Sequences = 3;
        int most = s.Length / 2;
        var options = new ModelOptions(CacheType: format, Sequences: Sequences, PageLength: s.PageLength);
        var config = Config(s);
        using var cache = new RotatingKvCache(device, config, options, Sequences * most);
        var frequencies = device.Upload(Rotary.Frequencies(s.HeadDim, config.RopeTheta));
        var parts = device.Zeros<float>(Sequences * AttentionShape.Of(config, options.CacheType).PartFloats);
        Text[] texts = [.. Enumerable.Range(0, Sequences).Select(_ => new Text(cache.Sequences.TryOpen(int.MaxValue, [], 0)!, s.KvHeads))];
        var batch = new Batch();
        for (int pass = 0; pass < passes; pass++)
        {
            batch.Clear();
            foreach (var text in texts)
            {
                int room = s.Length - text.Sequence.Position;
                switch (text.Sequence.Position == 0 ? 0 : prompt is null ? data.Next(0, 4) : 2)
                {
                    case 0 or 1 when room > 0:
                        batch.Prefill(text.Sequence, new int[prompt ?? data.Next(1, Math.Min(room, most) + 1)], wantsLogits: false);
                        break;
                    case 2 when room > 0:
                        batch.Decode(text.Sequence, 0);
                        break;
                    default:
                        break;
                }
            }

            if (batch.TokenCount > 0)
            {
                float[] qkv = data.Floats((long)batch.TokenCount * s.Columns, 2);
                float[] actual = Run<TCache, TElement>(device, s, cache, batch, device.Upload(qkv), frequencies, parts, format, form, splitTiles);
                Compare(s, config.RopeTheta, batch, texts, qkv, actual, tolerance);
            }
        }
    }

    /// <summary>The outputs of a prompt in one pass, whose queries are worked on by so many tokens at a time.</summary>
    public static float[] Prompt<TCache, TElement>(
        ComputeDevice device, Shape s, TensorFormat format, Form form, float[] qkv, int tokensOfTile)
        where TCache : struct, ICacheFormat<TElement>
        where TElement : unmanaged
    {
        var config = Config(s);
        using var cache = new RotatingKvCache(
            device, config, new ModelOptions(CacheType: format, Sequences: 1, PageLength: s.PageLength), s.Length);
        var batch = new Batch();
        batch.Prefill(cache.Sequences.TryOpen(int.MaxValue, [], 0)!, new int[s.Length], wantsLogits: false);
        return Run<TCache, TElement>(
            device, s, cache, batch, device.Upload(qkv), device.Upload(Rotary.Frequencies(s.HeadDim, config.RopeTheta)), device.Zeros<float>(1), format, form, null,
            tokensOfTile);
    }

    private static float[] Run<TCache, TElement>(
        ComputeDevice device, Shape s, RotatingKvCache cache, Batch batch, ArrayView<float> qkv, ArrayView<ulong> frequencies, ArrayView<float> parts,
        TensorFormat format, Form form, int? tilesOfSplit, int? tokensOfTile = null)
        where TCache : struct, ICacheFormat<TElement>
        where TElement : unmanaged
    {
        foreach (var part in batch.Parts)
        {
            cache.Sequences.Prepare(part.Sequence, part.Ids.Length);
        }

        var ints = new int[20_000];
        var (pass, length) = batch.Pack(ints, tokensOfTile ?? Math.Max(1, (form switch
        {
            Form.Group => 16,
            Form.Warpgroup => TensorForms.WarpgroupQueries,
            _ => AttentionBlock.MaxQueries,
        }) / s.Group));
        var state = new StepState(device.Upload(ints[..length]));
        var layer = cache.Layers[0];
        var output = device.Zeros<float>((long)batch.TokenCount * s.Heads * s.HeadDim);
        int splitTiles = tilesOfSplit ?? (form is Form.Tensor or Form.TensorQuants ? Family.Of(device).SplitTiles : DecodeSplits.LeastTiles);
        var input = new AttentionInput<TElement>(
            state, qkv, output, layer.Ring.As<TElement>(), layer.Fresh.As<TElement>(), layer.Table,
            s.Heads, s.KvHeads, new Divisor(s.HeadDim), layer.Window, s.Columns, s.Heads * s.HeadDim, 1 / MathF.Sqrt(s.HeadDim), splitTiles);
        int splits = pass.Spans.Take(pass.DecodeCount).Select(span => DecodeSplits.Count(span.StartPosition, s.Window, splitTiles)).DefaultIfEmpty(0).Max();
        bool isFused = form is Form.Tensor or Form.TensorQuants or Form.DecodeWave || (form is Form.Lanes or Form.Quads && splits == 1);
        device.Launch(new KernelConfig(2, 2), new Rope<TCache, TElement>(input, frequencies, isFused ? RowRange.Prefill : RowRange.Tokens));
        switch (form)
        {
            case Form.Lanes:
                Rows<LaneTiles<TCache, TElement>>();
                break;
            case Form.Quads:
                Rows<QuadTiles<TCache, TElement>>();
                break;
            case Form.Tensor:
                new TensorAttend(device, (AttentionInput<ushort>)(object)input, layer, splits, frequencies, parts).Launch(format, pass);
                break;
            case Form.TensorQuants:
                device.Launch(new KernelConfig(2, 2), new AttendRow<QuadTiles<TCache, TElement>, TElement>(input));
                new QuantAttend(device, (AttentionInput<sbyte>)(object)input, layer, splits, frequencies, parts).Launch(pass);
                break;
            case Form.Warpgroup:
                new WarpgroupAttend(device, (AttentionInput<ushort>)(object)input, layer, pass).Launch(format);
                DecodedGroups<HeadOf128>();
                break;
            case Form.Wave:
                new WaveAttend<TElement>(device, input, pass).Launch(format);
                DecodedGroups<HeadOf256>();
                break;
            case Form.DecodeWave:
                device.Launch(new KernelConfig(2, 2), new AttendRow<QuadTiles<TCache, TElement>, TElement>(input));
                new DecodeWave<TElement>(device, input, splits, frequencies, parts, pass).Launch(format);
                break;
            case Form.Matrix:
                new MatrixAttend<TElement>(device, input, pass).Launch(format);
                DecodedGroups<HeadOf256>();
                break;
            case Form.Vectors:
                Rows<VectorTiles<TCache, TElement>>();
                break;
            case Form.Group when s.HeadDim <= 64:
                Groups<HeadOf64>();
                break;
            case Form.Group when s.HeadDim <= 128:
                Groups<HeadOf128>();
                break;
            default:
                Groups<HeadOf256>();
                break;
        }

        if (form == Form.Vectors && splits > 0)
        {
            device.Launch(
                new KernelConfig(2, 2),
                new MergeSplitsVectors(
                    state, parts, output, s.Heads, s.HeadDim, s.Window, s.Heads * s.HeadDim, splitTiles));
        }
        else if (!isFused && splits > 0)
        {
            device.Launch(new KernelConfig(2, 2), new MergeSplits(state, parts, output, s.Heads, s.HeadDim, s.Window, s.Heads * s.HeadDim, splitTiles));
        }

        device.Launch(new KernelConfig(2, 2), new StoreKv<TCache, TElement>(input, layer.RingLength));
        foreach (var part in batch.Parts)
        {
            cache.Sequences.Advance(part.Sequence, part.Ids.Span, part.IsPrompt);
        }

        return device.Download(output);

        void Groups<TRoom>()
            where TRoom : struct, IHeadRoom
        {
            if (pass.QueryTiles > 0)
            {
                device.Launch(
                    new KernelConfig(new Index3D(s.KvHeads, pass.QueryTiles, 1), new Index3D(32, 1, 1)), new AttendGroup<TCache, TElement, TRoom>(input));
            }

            DecodedGroups<TRoom>();
        }

        void DecodedGroups<TRoom>()
            where TRoom : struct, IHeadRoom
        {
            if (splits > 0)
            {
                device.Launch(
                    new KernelConfig(new Index3D(splits, s.KvHeads, pass.DecodeCount), new Index3D(32, 1, 1)),
                    new DecodeAttendGroup<TCache, TElement, TRoom>(input, parts));
            }
        }

        void Rows<TTiles>()
            where TTiles : struct, IAttentionTiles<TTiles, TElement>
        {
            device.Launch(new KernelConfig(2, 2), new AttendRow<TTiles, TElement>(input));
            if (isFused)
            {
                device.Launch(new KernelConfig(1, 2), new RopeDecodeAttend<TTiles, TCache, TElement>(input, frequencies));
            }
            else
            {
                device.Launch(new KernelConfig(2, 2), new DecodeAttendRow<TTiles, TElement>(input, parts));
            }
        }
    }

    private static void Compare(Shape s, double theta, Batch batch, Text[] texts, float[] qkv, float[] actual, double tolerance)
    {
        int row = 0;
        foreach (var part in batch.Parts)
        {
            var text = texts.Single(text => text.Sequence == part.Sequence);
            for (int i = 0; i < part.Ids.Length; i++, row++)
            {
                int position = part.Sequence.Position - part.Ids.Length + i;
                double[][] heads = [.. qkv[(row * s.Columns)..((row + 1) * s.Columns)].Select(v => (double)v).Chunk(s.HeadDim)];
                for (int head = 0; head < s.KvHeads; head++)
                {
                    text.Keys[head].Add(ReferenceOps.Rope(heads[s.Heads + head], position, theta));
                    text.Values[head].Add(heads[s.Heads + s.KvHeads + head]);
                }

                for (int head = 0; head < s.Heads; head++)
                {
                    double[] expected = ReferenceOps.Attend(
                        ReferenceOps.Rope(heads[head], position, theta), text.Keys[head / s.Group], text.Values[head / s.Group], s.Window);
                    int at = ((row * s.Heads) + head) * s.HeadDim;
                    Closeness.AssertClose(expected, actual[at..(at + s.HeadDim)], absolute: tolerance, relative: tolerance);
                }
            }
        }
    }

    private static ModelConfig Config(Shape s)
    {
        using var tiny = Checkpoint.Open(Checkpoint.Tiny);
        return tiny.Config with
        {
            LayerCount = 1, HeadCount = s.Heads, KvHeadCount = s.KvHeads, HeadDim = s.HeadDim, SlidingWindow = s.Window, LayerWindows = [],
        };
    }
}
