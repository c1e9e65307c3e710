using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Streaming;
using Xunit;
using static Mistral.Ilgpu.Tests.Model.StreamedModels;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>Files of packed layers: made once, checked, bounded, and used in place by CPUs.</summary>
public sealed class LayerCacheTests : IDisposable
{
    // Layers in files. With all of them, the embedding and the output matrix would have a file too.
    private const int Kept = Layers - 1;

    private readonly StreamedModels _models = new();

    public static TheoryData<string> Cpus => TestDevice.Rows("cpu", "opencl");

    public void Dispose() => _models.Dispose();

    [Fact]
    public void Load_OfKeptLayers_PacksNothingAgain()
    {
        using var checkpoint = _models.Write();
        var device = TestDevice.Get("cpu");
        var expected = Logits(checkpoint, device, _models.Options(Kept));
        var files = _models.Files().Order().Select(file => (Name: file, Bytes: File.ReadAllBytes(file))).ToList();
        Assert.Equal(Kept, files.Count);

        // The weights of another layer, in a file that is whole, are taken. So nothing is packed again.
        File.WriteAllBytes(files[0].Name, files[1].Bytes);
        Assert.NotEqual(expected, Logits(checkpoint, device, _models.Options(Kept)));
        File.WriteAllBytes(files[0].Name, files[0].Bytes);
        // Layers are shared by models of which more or fewer stay on the device.
        Assert.Equal(expected, Logits(checkpoint, device, _models.Options(4)));
        Assert.Equal(Kept, _models.Files().Count());
    }

    [Theory]
    [InlineData(5000, false)]
    [InlineData(0, false)]
    [InlineData(-24, false)]
    [InlineData(-8, false)]
    [InlineData(0, true)]
    public void Load_OfDamagedLayers_PacksThemAgain(int at, bool isShort)
    {
        // The layer, then its trailer: a negative place counts from the end.
        using var checkpoint = _models.Write();
        var device = TestDevice.Get("cpu");
        var expected = Logits(checkpoint, device, _models.Options(Layers));
        string damaged = _models.Files().Order().First();
        byte[] whole = File.ReadAllBytes(damaged);
        byte[] bytes = isShort ? whole[..^1] : [.. whole];
        bytes[at < 0 ? whole.Length + at : at] ^= 1;
        File.WriteAllBytes(damaged, bytes);

        Assert.Equal(expected, Logits(checkpoint, device, _models.Options(Layers)));
        Assert.Equal(whole, File.ReadAllBytes(damaged));
    }

    [Fact]
    public void Load_WhereNothingCanBeKept_KeepsLayersInMemoryAndTells()
    {
        using var checkpoint = _models.Write();
        using var device = ComputeDevice.Open("cpu");
        // A file where the folder would be.
        string file = _models.File("file");
        File.WriteAllText(file, "");
        var told = new List<string>();
        device.OnDrawback = told.Add;
        Assert.Equal(
            Logits(checkpoint, device, _models.Options()),
            Logits(checkpoint, device, _models.Options(Layers) with { LayerFolder = file }));
        Assert.StartsWith("layers are kept in host memory", Assert.Single(told), StringComparison.Ordinal);
    }

    // So Linux keeps the file in large pages.
    [Fact]
    public void TryWrite_Layer_WritesPartsOfLargePages()
    {
        const int Page = 2 << 20;
        string folder = _models.File("layers");
        var parts = new List<(long At, int Length)>();
        using var layer = new LayerCache(folder, long.MaxValue, isMapped: true).TryWrite(
            Path.Combine(folder, "a.layer"), (2 * Page) + 256, (at, part) => parts.Add((at, part.Length)), out _);
        Assert.Equal([(0, Page), (Page, Page), (2 * Page, 256)], parts);
        Assert.Equal(0, layer!.Address % Environment.SystemPageSize);
    }

    [Fact]
    public void Load_WithoutACache_WritesNothing()
    {
        using var checkpoint = _models.Write();
        var device = TestDevice.Get("cpu");
        Assert.Equal(
            Logits(checkpoint, device, _models.Options()),
            Logits(checkpoint, device, _models.Options(Layers) with { LayerCacheBytes = 0 }));
        Assert.Empty(_models.Files());
    }

    // The second load packs nothing, and takes no memory for layers.
    [Theory]
    [MemberData(nameof(Cpus))]
    public void Load_OfLayersThatTakeLongToPack_UsesThemInPlace(string device)
    {
        using var checkpoint = _models.Write();
        var expected = Logits(checkpoint, TestDevice.Get(device), _models.Options());
        var options = _models.Options() with { KeptFrom = 1 };
        for (int load = 0; load < 2; load++)
        {
            using var model = MistralModel.Load(checkpoint, TestDevice.Get(device), options);
            Assert.True(model.Parts[0].Residency is { IsInPlace: true, Streamed.Count: Layers });
            Assert.Equal(expected, TwoTexts.Logits(model));
            Assert.Equal(Layers + 1, _models.Files().Count());
        }

        using var whole = MistralModel.Load(checkpoint, TestDevice.Get(device), options with { LayerCacheBytes = 0 });
        Assert.False(whole.Parts[0].Residency.IsInPlace);
    }

    [Fact]
    public void Load_BeyondTheCachesLimit_DeletesWhatWasNotUsedForLongest()
    {
        using var checkpoint = _models.Write();
        var device = TestDevice.Get("cpu");
        Logits(checkpoint, device, _models.Options(Kept));
        long one = new FileInfo(_models.Files().First()).Length;
        var before = _models.Files().ToHashSet();
        foreach (string file in before)
        {
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-1));
        }

        // Of a process that was killed.
        string part = Path.Combine(_models.Folder, "0.layer.1.part");
        File.WriteAllText(part, "x");
        File.SetLastWriteTimeUtc(part, DateTime.UtcNow.AddDays(-1));
        using var other = _models.Write(seed: 2);
        var limited = _models.Options(Kept) with { LayerCacheBytes = 10 * one };
        Assert.Equal(Logits(other, device, _models.Options()), Logits(other, device, limited));
        Assert.Equal(10, _models.Files().Count());
        Assert.Equal(4, _models.Files().Count(before.Contains));
        Assert.False(File.Exists(part));

        // What is in use is not deleted for the rest, which stays in memory.
        using var third = _models.Write(seed: 3);
        Assert.Equal(
            Logits(third, device, _models.Options()),
            Logits(third, device, _models.Options(Kept) with { LayerCacheBytes = 2 * one }));
        Assert.Equal(2, _models.Files().Count());
    }
}
