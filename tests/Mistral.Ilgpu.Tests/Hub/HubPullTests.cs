using Mistral.Ilgpu.Checkpoints.Hub;
using Mistral.Ilgpu.Cli.Hub;
using Xunit;

namespace Mistral.Ilgpu.Tests.Hub;

/// <summary>What a pull makes in the cache, whatever happens on the way.</summary>
public sealed class HubPullTests : IDisposable
{
    private const string Weights = "model.safetensors";

    private readonly TemporaryFolder _cache = new();
    private readonly TestHub _hub = new();

    public HubPullTests()
    {
        _hub.Files["config.json"] = HubFileBytes.Small("{}");
        _hub.Files["tokenizer.json"] = HubFileBytes.Large(2_500, seed: 2);
        _hub.Files[Weights] = HubFileBytes.Large(25_250);
        _hub.Files["README.md"] = HubFileBytes.Small("about");
        _hub.Files["pytorch_model.bin"] = HubFileBytes.Large(9);
    }

    private string Folder => Path.Combine(_cache.Path, "models--someone--model");

    private string Snapshot => Path.Combine(Folder, "snapshots", TestHub.Commit);

    public void Dispose()
    {
        _hub.Dispose();
        _cache.Dispose();
    }

    // The layout of huggingface_hub: a blob is named by its hash, a snapshot's file is a relative link to it, a ref holds the
    // commit without a line break, and locks lie beside the repositories.
    [Fact]
    public async Task Pull_OfARepository_MakesTheLayoutOfHuggingFaceHub()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need its developer mode");
        var result = await Pull();

        string config = _hub.Files["config.json"].Etag;
        string tokenizer = _hub.Files["tokenizer.json"].Etag;
        string weights = _hub.Files[Weights].Etag;
        string[] expected =
        [
            "CACHEDIR.TAG", "models--someone--model/refs/main",
            .. new[] { config, tokenizer, weights }.SelectMany(
                hash => new[] { $".locks/models--someone--model/{hash}.lock", $"models--someone--model/blobs/{hash}" }),
            .. new[] { "config.json", "model.safetensors", "tokenizer.json" }.Select(
                file => $"models--someone--model/snapshots/{TestHub.Commit}/{file}"),
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), Tree().Order(StringComparer.Ordinal));
        Assert.Equal("9e26dfeeb6e641a33dae4961196235bdb965b21b", config);
        Assert.Equal(40, config.Length);
        Assert.Equal(64, weights.Length);
        Assert.Equal($"../../blobs/{weights}", new FileInfo(Path.Combine(Snapshot, Weights)).LinkTarget);
        Assert.Equal(TestHub.Commit, File.ReadAllText(Path.Combine(Folder, "refs", "main")));
        Assert.StartsWith("Signature: 8a477f597d28d172789f06886806bc55\n", File.ReadAllText(_cache.File("CACHEDIR.TAG")), StringComparison.Ordinal);
        Assert.Equal((Snapshot, TestHub.Commit, "main"), (result.Path, result.Commit, result.Revision));
        AssertPulled("config.json", "tokenizer.json", Weights);
    }

    [Fact]
    public async Task Pull_OfAFileInAFolderAtABranchWithASlash_LinksUpToTheBlob()
    {
        _hub.Files["sub/dir/notes #1 ü.txt"] = HubFileBytes.Small("x");

        await Pull("sub/dir/notes #1 ü.txt", revision: "refs/pr/1");

        AssertPulled("sub/dir/notes #1 ü.txt");
        Assert.Equal(TestHub.Commit, File.ReadAllText(Path.Combine(Folder, "refs", "refs", "pr", "1")));
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need its developer mode");
        Assert.StartsWith(
            "../../../../blobs/", new FileInfo(Path.Combine(Snapshot, "sub/dir/notes #1 ü.txt")).LinkTarget, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pull_OfACommit_WritesNoRef()
    {
        await Pull("config.json", revision: TestHub.Commit);

        Assert.False(Directory.Exists(Path.Combine(Folder, "refs")));
        AssertPulled("config.json");
    }

    [Fact]
    public async Task Pull_Again_FetchesNothing()
    {
        await Pull();
        _hub.Requests.Clear();

        var again = await Pull();

        Assert.Empty(_hub.Fetches);
        Assert.Equal(3, again.Files.Count);
    }

    [Fact]
    public async Task Pull_ConnectionsCut_GoesOnWhereTheyWere()
    {
        int cuts = 0;
        _hub.CutAfter = request => request.IsStorage && Interlocked.Increment(ref cuts) % 2 == 1 ? 400 : null;

        await Pull();

        AssertPulled("config.json", "tokenizer.json", Weights);
        Assert.Contains(_hub.Fetches, request => request.Range == "bytes=1400-1999");
    }

    [Fact]
    public async Task Pull_Interrupted_IsGoneOnWithByTheNext()
    {
        using var interrupt = new CancellationTokenSource();
        long seen = 0;
        var settings = _hub.Settings(_cache.Path) with { Jobs = 2 };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new HubPull(settings, (done, _) =>
        {
            if (Interlocked.Exchange(ref seen, done) < 12_000 && done >= 12_000)
            {
                interrupt.Cancel();
            }
        }).RunAsync(Repository, "main", Weights, interrupt.Token));
        string partial = Path.Combine(Folder, "blobs", _hub.Files[Weights].Etag + ".incomplete");
        byte[] left = File.ReadAllBytes(partial);
        Assert.InRange(left.Length, 8_000, 20_000);
        Assert.Equal(_hub.Files[Weights].Bytes[..left.Length], left);
        _hub.Requests.Clear();

        await Pull(Weights);

        AssertPulled(Weights);
        Assert.False(File.Exists(partial));
        Assert.Equal(left.Length, _hub.Fetches.Where(request => request.IsStorage).Min(request => Start(request.Range!)));
    }

    [Fact]
    public async Task Pull_RangesIgnored_FetchesTheWhole()
    {
        _hub.IgnoresRanges = true;
        bool isCut = false;
        _hub.CutAfter = request => request.IsStorage && request.Range is null && !isCut && (isCut = true) ? 10_000 : null;

        await Pull();

        AssertPulled("config.json", "tokenizer.json", Weights);
        Assert.True(isCut);
    }

    [Theory]
    [InlineData(Weights)]
    [InlineData("config.json")]
    public async Task Pull_WrongContent_IsRefusedAndRemoved(string file)
    {
        _hub.Content = name => name == file ? new byte[_hub.Files[file].Bytes.Length] : null;

        var refused = await Assert.ThrowsAsync<HubException>(() => Pull());

        Assert.Contains($"{file}: found ", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"expected {_hub.Files[file].Etag}", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Tree(), path => path.Contains(_hub.Files[file].Etag, StringComparison.Ordinal) && !path.EndsWith(".lock", StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(Folder, "refs", "main")));
    }

    [Fact]
    public async Task Pull_TwoAtOnce_FetchEachByteOnce()
    {
        long slow = 0;
        _hub.Instead = (request, _) =>
        {
            Thread.Sleep(request.IsStorage && Interlocked.Increment(ref slow) < 20 ? 10 : 0);
            return false;
        };

        await Task.WhenAll(Task.Run(() => Pull()), Task.Run(() => Pull()));

        AssertPulled("config.json", "tokenizer.json", Weights);
        string?[] ranges = [.. _hub.Fetches.Where(request => request.IsStorage && request.Path.EndsWith(Weights, StringComparison.Ordinal)).Select(request => request.Range)];
        Assert.Equal(26, ranges.Length);
        Assert.Equal(ranges.Length, ranges.Distinct().Count());
    }

    [Fact]
    public async Task Pull_WithAToken_SendsItToTheHubAlone()
    {
        await Pull(Weights, _hub.Settings(_cache.Path) with { Token = "hf_secret" });

        Assert.All(_hub.Requests, request => Assert.Equal(request.IsStorage ? null : "Bearer hf_secret", request.Authorization));
        Assert.Contains(_hub.Requests, request => request.IsStorage);
    }

    [Fact]
    public async Task Pull_AddressExpires_AsksTheHubForAnother()
    {
        int answered = 0;
        _hub.Instead = (request, response) =>
        {
            if (!request.IsStorage || Interlocked.Increment(ref answered) != 6)
            {
                return false;
            }

            response.StatusCode = 403;
            return true;
        };

        await Pull(Weights);

        AssertPulled(Weights);
    }

    [Fact]
    public async Task Pull_ListWithoutHashes_AsksForThem()
    {
        _hub.ListsHashes = false;

        await Pull();

        AssertPulled("config.json", "tokenizer.json", Weights);
        Assert.Contains(_hub.Requests, request => request.Method == "HEAD");
    }

    [Fact]
    public async Task Pull_LinksImpossible_PutsTheFilesThere()
    {
        _hub.Files["generation_config.json"] = _hub.Files["config.json"];

        await Pull(settings: _hub.Settings(_cache.Path) with { Link = (_, _) => throw new UnauthorizedAccessException() });

        AssertPulled("config.json", "generation_config.json", "tokenizer.json", Weights);
        Assert.Null(new FileInfo(Path.Combine(Snapshot, Weights)).LinkTarget);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(Folder, "blobs")));
        _hub.Requests.Clear();
        await Pull();
        Assert.Empty(_hub.Fetches);
    }

    [Fact]
    public async Task Pull_DiskTooSmall_IsRefusedBeforeAnythingIsFetched()
    {
        var refused = await Assert.ThrowsAsync<HubException>(
            () => Pull(settings: _hub.Settings(_cache.Path) with { FreeBytes = _ => 2048 }));

        Assert.Contains("found 2.0 KiB free", refused.Message, StringComparison.Ordinal);
        Assert.Contains("expected 27.1 KiB", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_hub.Fetches);
    }

    [Fact]
    public async Task Pull_OfShards_TakesThoseOfTheIndex()
    {
        _hub.Files.Remove(Weights);
        _hub.Files["model.safetensors.index.json"] = HubFileBytes.Small(
            """{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors","c":"model-00001-of-00002.safetensors"}}""");
        _hub.Files["model-00001-of-00002.safetensors"] = HubFileBytes.Large(1000, seed: 4);
        _hub.Files["model-00002-of-00002.safetensors"] = HubFileBytes.Large(1001, seed: 5);
        _hub.Files["consolidated.safetensors"] = HubFileBytes.Large(1002, seed: 6);
        _hub.Files["params.json"] = HubFileBytes.Small("{ }");

        await Pull();

        AssertPulled(
            "config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json",
            "tokenizer.json");
    }

    private static HubRepository Repository => HubRepository.Parse(TestHub.Name)!.Value.Repository;

    private Task<PullResult> Pull(string? file = null, HubSettings? settings = null, string revision = "main") =>
        new HubPull(settings ?? _hub.Settings(_cache.Path), (_, _) => { })
            .RunAsync(Repository, revision, file, TestContext.Current.CancellationToken);

    private static long Start(string range) => long.Parse(range["bytes=".Length..].Split('-')[0], System.Globalization.CultureInfo.InvariantCulture);

    private IEnumerable<string> Tree() => Directory.EnumerateFiles(_cache.Path, "*", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(_cache.Path, path).Replace('\\', '/'));

    private void AssertPulled(params string[] files)
    {
        Assert.Equal(
            files.Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(Snapshot, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(Snapshot, path).Replace('\\', '/')).Order(StringComparer.Ordinal));
        Assert.All(files, file => Assert.Equal(_hub.Files[file].Bytes, File.ReadAllBytes(Path.Combine(Snapshot, file))));
    }
}
