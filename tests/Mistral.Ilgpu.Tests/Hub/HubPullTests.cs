using Mistral.Ilgpu.Checkpoints.Hub;
using Mistral.Ilgpu.Cli.Hub;
using Xunit;

namespace Mistral.Ilgpu.Tests.Hub;

/// <summary>What a pull makes in the cache, whatever happens on the way.</summary>
public sealed class HubPullTests : HubPullFixture
{
    // The layout of huggingface_hub: a blob is named by its hash, a snapshot's file is a relative link to it, a ref holds the
    // commit without a line break, and locks lie beside the repositories.
    [Fact]
    public async Task Pull_OfARepository_MakesTheLayoutOfHuggingFaceHub()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need its developer mode");
        var result = await Pull();

        string config = Hub.Files["config.json"].Etag;
        string tokenizer = Hub.Files["tokenizer.json"].Etag;
        string weights = Hub.Files[Weights].Etag;
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
        Assert.StartsWith("Signature: 8a477f597d28d172789f06886806bc55\n", File.ReadAllText(Cache.File("CACHEDIR.TAG")), StringComparison.Ordinal);
        Assert.Equal((Snapshot, TestHub.Commit, "main"), (result.Path, result.Commit, result.Revision));
        AssertPulled("config.json", "tokenizer.json", Weights);
    }

    [Fact]
    public async Task Pull_OfAFileInAFolderAtABranchWithASlash_LinksUpToTheBlob()
    {
        Hub.Files["sub/dir/notes #1 ü.txt"] = HubFileBytes.Small("x");

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
        Hub.Requests.Clear();

        var again = await Pull();

        Assert.Empty(Hub.Fetches);
        Assert.Equal(3, again.Files.Count);
    }

    [Fact]
    public async Task Pull_WithAToken_SendsItToTheHubAlone()
    {
        await Pull(Weights, Hub.Settings(Cache.Path) with { Token = "hf_secret" });

        Assert.All(Hub.Requests, request => Assert.Equal(request.IsStorage ? null : "Bearer hf_secret", request.Authorization));
        Assert.Contains(Hub.Requests, request => request.IsStorage);
    }

    [Fact]
    public async Task Pull_ListWithoutHashes_AsksForThem()
    {
        Hub.ListsHashes = false;

        await Pull();

        AssertPulled("config.json", "tokenizer.json", Weights);
        Assert.Contains(Hub.Requests, request => request.Method == "HEAD");
    }

    [Fact]
    public async Task Pull_LinksImpossible_PutsTheFilesThere()
    {
        Hub.Files["generation_config.json"] = Hub.Files["config.json"];

        await Pull(settings: Hub.Settings(Cache.Path) with { Link = (_, _) => throw new UnauthorizedAccessException() });

        AssertPulled("config.json", "generation_config.json", "tokenizer.json", Weights);
        Assert.Null(new FileInfo(Path.Combine(Snapshot, Weights)).LinkTarget);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(Folder, "blobs")));
        Hub.Requests.Clear();
        await Pull();
        Assert.Empty(Hub.Fetches);
    }

    [Fact]
    public async Task Pull_DiskTooSmall_IsRefusedBeforeAnythingIsFetched()
    {
        var refused = await Assert.ThrowsAsync<HubException>(
            () => Pull(settings: Hub.Settings(Cache.Path) with { FreeBytes = _ => 2048 }));

        Assert.Contains("found 2.0 KiB free", refused.Message, StringComparison.Ordinal);
        Assert.Contains("expected 27.1 KiB", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Hub.Fetches);
    }

    [Fact]
    public async Task Pull_OfShards_TakesThoseOfTheIndex()
    {
        Hub.Files.Remove(Weights);
        Hub.Files["model.safetensors.index.json"] = HubFileBytes.Small(
            """{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors","c":"model-00001-of-00002.safetensors"}}""");
        Hub.Files["model-00001-of-00002.safetensors"] = HubFileBytes.Large(1000, seed: 4);
        Hub.Files["model-00002-of-00002.safetensors"] = HubFileBytes.Large(1001, seed: 5);
        Hub.Files["consolidated.safetensors"] = HubFileBytes.Large(1002, seed: 6);
        Hub.Files["params.json"] = HubFileBytes.Small("{ }");

        await Pull();

        AssertPulled(
            "config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json",
            "tokenizer.json");
    }
}
