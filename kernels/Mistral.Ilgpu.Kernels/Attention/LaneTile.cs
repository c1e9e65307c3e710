using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>A tile of decoded keys and values in local memory, see <see cref="LaneTiles{TCache,TElement}"/>.</summary>
internal readonly struct LaneTile<TCache, TElement>
    where TCache : struct, ICacheFormat<TElement>
    where TElement : unmanaged
{
    /// <summary>Elements of a head × lanes.</summary>
    public readonly ArrayView<float> Keys;

    /// <summary>Lanes × elements of a head.</summary>
    public readonly ArrayView<float> Values;

    private const int Lanes = TileLayout.Length;
    private const int MaxHeadDim = 256;

    private readonly AttentionInput<TElement> _input;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public LaneTile(AttentionInput<TElement> input)
    {
        _input = input;
        Keys = LocalMemory.Allocate<float>(Lanes * MaxHeadDim);
        Values = LocalMemory.Allocate<float>(Lanes * MaxHeadDim);
    }

    /// <summary>Decodes a tile: positions before the block's start from the ring, later ones from the fresh tiles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(AttentionBlock block, int tile)
    {
        var queries = block.Queries;
        int first = tile * Lanes;
        int end = IntrinsicMath.Min(Lanes, queries.Position + queries.Tokens - first);
        int fresh = IntrinsicMath.Min(end, IntrinsicMath.Max(0, queries.Start - first));
        // A loop of two, so that what it does is compiled once.
        for (int side = fresh > 0 ? 0 : 1; side < (fresh < end ? 2 : 1); side++)
        {
            bool isRing = side == 0;
            int inMemory = isRing
                ? _input.Table.Find(queries.Sequence, tile)
                : queries.FreshTile + tile - (queries.Start / Lanes);
            Load(isRing ? _input.Ring : _input.Fresh, inMemory, block.KvHead, isRing ? 0 : fresh, isRing ? fresh : end);
        }

        // What lies behind the last key is weighed with 0, and must be a number.
        for (int i = end * _input.HeadDim; i < Lanes * _input.HeadDim; i++)
        {
            Values[i] = 0;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Load(KvTiles<TElement> source, int tile, int kvHead, int from, int end)
    {
        int headDim = _input.HeadDim;
        long at = TileLayout.At(tile, _input.KvHeads, kvHead, headDim);
        if (TCache.IsScaled)
        {
            LoadScaled(source, tile, kvHead, at, from, end);
            return;
        }

        if (from == 0 && end == Lanes)
        {
            for (int i = 0; i < headDim * Lanes; i++)
            {
                Keys[i] = TCache.Decode(source.Keys[at + i]);
            }
        }
        else
        {
            for (int d = 0; d < headDim; d++)
            {
                for (int lane = from; lane < end; lane++)
                {
                    Keys[(d * Lanes) + lane] = TCache.Decode(source.Keys[at + (d * Lanes) + lane]);
                }
            }
        }

        for (int i = from * headDim; i < end * headDim; i++)
        {
            Values[i] = TCache.Decode(source.Values[at + i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void LoadScaled(KvTiles<TElement> source, int tile, int kvHead, long at, int from, int end)
    {
        const int Run = TileLayout.Run;
        int headDim = _input.HeadDim;
        int runs = headDim / Run;
        long scalesAt = TileLayout.ScalesAt(tile, _input.KvHeads, kvHead, headDim);
        for (int d = 0; d < headDim; d++)
        {
            for (int lane = from; lane < end; lane++)
            {
                float scale = Float16.Decode(source.KeyScales[scalesAt + (d / Run * Lanes) + lane]);
                Keys[(d * Lanes) + lane] = TCache.Decode(source.Keys[at + (d * Lanes) + lane]) * scale;
            }
        }

        for (int run = from * runs; run < end * runs; run++)
        {
            float scale = Float16.Decode(source.ValueScales[scalesAt + run]);
            for (int i = run * Run; i < (run + 1) * Run; i++)
            {
                Values[i] = TCache.Decode(source.Values[at + i]) * scale;
            }
        }
    }
}
