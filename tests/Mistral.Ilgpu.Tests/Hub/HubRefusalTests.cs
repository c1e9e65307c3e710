using Mistral.Ilgpu.Checkpoints.Hub;
using Mistral.Ilgpu.Cli.Hub;
using Xunit;

namespace Mistral.Ilgpu.Tests.Hub;

/// <summary>What a hub or an environment refuses ends in one line that says what to do.</summary>
public sealed class HubRefusalTests : IDisposable
{
    private readonly TemporaryFolder _cache = new();
    private readonly TestHub _hub = new();

    public HubRefusalTests()
    {
        _hub.Files["config.json"] = HubFileBytes.Small("{}");
        _hub.Files["model.safetensors"] = HubFileBytes.Large(5_000);
    }

    public void Dispose()
    {
        _hub.Dispose();
        _cache.Dispose();
    }

    [Theory]
    [InlineData(404, "RepoNotFound", null, "no such repository")]
    [InlineData(404, "RevisionNotFound", null, "no revision 'main'")]
    [InlineData(401, "RepoNotFound", null, "no such public repository", "HF_TOKEN")]
    [InlineData(401, "RepoNotFound", "hf_old", "does not accept the token", "HF_TOKEN")]
    [InlineData(401, "GatedRepo", null, "someone/model is gated", "accept its licence at ", "/someone/model", "HF_TOKEN")]
    [InlineData(403, "GatedRepo", "hf_mine", "someone/model is gated", "the token has no access", "accept its licence")]
    [InlineData(403, null, null, "gated or private", "HF_TOKEN")]
    [InlineData(418, null, null, "status 418")]
    public async Task Pull_Refused_SaysWhatToDo(int status, string? code, string? token, params string[] said)
    {
        _hub.Instead = (request, response) =>
        {
            response.StatusCode = status;
            if (code is not null)
            {
                response.AddHeader("X-Error-Code", code);
            }

            return true;
        };

        await AssertRefused(_hub.Settings(_cache.Path) with { Token = token }, said);
        Assert.Single(_hub.Requests);
    }

    // The list of a gated repository is public; its files are not.
    [Fact]
    public async Task Pull_GatedFiles_SaysWhatToDo()
    {
        _hub.Instead = (request, response) =>
        {
            response.StatusCode = 401;
            response.AddHeader("X-Error-Code", "GatedRepo");
            return request.IsContent;
        };

        await AssertRefused(_hub.Settings(_cache.Path), "is gated", "HF_TOKEN");
    }

    [Fact]
    public async Task Pull_HubBusyAWhile_TriesAgain()
    {
        int asked = 0;
        _hub.Instead = (_, response) =>
        {
            if (asked++ >= 3)
            {
                return false;
            }

            response.StatusCode = asked % 2 == 0 ? 503 : 429;
            return true;
        };

        await Pull(_hub.Settings(_cache.Path));

        Assert.True(asked > 3);
    }

    [Fact]
    public async Task Pull_HubBusyAllTheTime_GivesUp()
    {
        _hub.Instead = (_, response) =>
        {
            response.StatusCode = 503;
            return true;
        };

        await AssertRefused(_hub.Settings(_cache.Path), "status 503", "try again later");
        Assert.Equal(4, _hub.Requests.Count);
    }

    [Fact]
    public async Task Pull_HubSilent_GivesUp()
    {
        using var ended = new ManualResetEventSlim();
        _hub.Instead = (_, _) =>
        {
            ended.Wait(TimeSpan.FromSeconds(20), CancellationToken.None);
            return false;
        };

        await AssertRefused(
            _hub.Settings(_cache.Path) with { Patience = TimeSpan.FromMilliseconds(100), Retries = 1 }, "nothing came in");
        ended.Set();
    }

    [Fact]
    public async Task Pull_NobodyListens_SaysSo()
    {
        var settings = _hub.Settings(_cache.Path);
        _hub.Dispose();

        await AssertRefused(settings, "127.0.0.1: the connection failed");
    }

    [Theory]
    [InlineData("""{"siblings":[]}""", "sha: found nothing")]
    [InlineData("""{"sha":"../../../../etc","siblings":[]}""", "sha: found ../../../../etc")]
    [InlineData("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"size":1}]}""", "rfilename: found nothing")]
    [InlineData("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":"config.json","size":-1}]}""", "size: found -1")]
    [InlineData("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":"x.gguf","size":1,"blobId":"../../x"}]}""", "the hash '../../x'")]
    [InlineData("<html>", "not valid JSON")]
    public async Task Pull_ListThatIsNone_IsRefused(string json, string said)
    {
        _hub.Instead = (_, response) =>
        {
            response.OutputStream.Write(System.Text.Encoding.UTF8.GetBytes(json));
            return true;
        };

        var refused = await Assert.ThrowsAnyAsync<Exception>(() => Pull(_hub.Settings(_cache.Path)));

        Assert.True(refused is HubException or ModelFileException, refused.ToString());
        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_cache.Path));
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("/tmp/evil")]
    [InlineData("a/../../evil")]
    [InlineData("..\\evil")]
    [InlineData("a//evil")]
    [InlineData("./evil")]
    [InlineData("C:evil")]
    [InlineData("a/.. /evil")]
    [InlineData("evil\u0001")]
    [InlineData("evil\0")]
    public async Task Pull_NameThatLeavesTheCache_IsRefused(string name)
    {
        string cache = Path.Combine(_cache.Path, "in", "cache");
        _hub.Files[name] = HubFileBytes.Small("bad");

        var refused = await Assert.ThrowsAsync<ModelFileException>(() => Pull(_hub.Settings(cache), "*evil*"));

        Assert.Contains("expected a relative path", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_cache.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void FilePath_OfAnyName_StaysInTheSnapshot()
    {
        int seed = Random.Shared.Next();
        var random = new Random(seed);
        string[] parts = ["..", ".", "/", "\\", "a", "b.json", ":", "\0", " ", "%2e%2e", "~", "-", "C:", "//", "ü", "\ud800", "\n", "..."];
        var folder = new HubCache(_cache.Path).FolderOf(HubRepository.Parse(TestHub.Name)!.Value.Repository);
        string snapshot = folder.SnapshotPath(TestHub.Commit) + Path.DirectorySeparatorChar;
        int safe = 0;
        for (int i = 0; i < 20_000; i++)
        {
            string name = string.Concat(Enumerable.Range(0, random.Next(7)).Select(_ => parts[random.Next(parts.Length)]));
            if (!HubFileName.IsSafe(name))
            {
                Assert.Throws<ModelFileException>(() => folder.FilePath(TestHub.Commit, name));
                continue;
            }

            safe++;
            string path = Path.GetFullPath(folder.FilePath(TestHub.Commit, name));
            Assert.True(path.StartsWith(snapshot, StringComparison.Ordinal) && path.Length > snapshot.Length, $"seed {seed}: {name}");
        }

        Assert.InRange(safe, 100, 19_000);
    }

    [Theory]
    [InlineData("HF_HUB_OFFLINE", "1", "HF_HUB_OFFLINE is set")]
    [InlineData("HF_ENDPOINT", "hub.example", "HF_ENDPOINT: found 'hub.example'")]
    [InlineData("HF_ENDPOINT", "file:///etc", "expected an address")]
    public void Settings_ThatForbidTheHub_AreRefused(string variable, string value, string said) => Assert.Contains(
        said, Assert.Throws<HubException>(() => HubSettings.Read(name => name == variable ? value : null)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Settings_OfAnEnvironment_AreThoseOfHuggingFacesTools()
    {
        File.WriteAllText(_cache.File("token"), "hf_stored\n");
        var environment = new Dictionary<string, string> { ["HF_HOME"] = _cache.Path, ["HF_ENDPOINT"] = "http://mirror/hf" };
        var settings = HubSettings.Read(environment.GetValueOrDefault);

        Assert.Equal((Path.Combine(_cache.Path, "hub"), "hf_stored", "http://mirror/hf/"), (settings.Cache.Root, settings.Token, settings.Endpoint.ToString()));
        environment["HF_TOKEN"] = "hf_given";
        environment["HF_HUB_CACHE"] = _cache.File("elsewhere");
        settings = HubSettings.Read(environment.GetValueOrDefault);
        Assert.Equal((_cache.File("elsewhere"), "hf_given"), (settings.Cache.Root, settings.Token));
        settings = HubSettings.Read(name => name == "XDG_CACHE_HOME" ? _cache.Path : null);
        Assert.Equal(
            (Path.Combine(_cache.Path, "huggingface", "hub"), null, "https://huggingface.co/"),
            (settings.Cache.Root, settings.Token, settings.Endpoint.ToString()));
    }

    private static async Task AssertRefused(HubSettings settings, params string[] said)
    {
        var refused = await Assert.ThrowsAsync<HubException>(() => Pull(settings));
        Assert.All(said, text => Assert.Contains(text, refused.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', refused.Message);
    }

    private static Task Pull(HubSettings settings, string? file = null) => new HubPull(settings, (_, _) => { }).RunAsync(
        HubRepository.Parse(TestHub.Name)!.Value.Repository, "main", file, TestContext.Current.CancellationToken);
}
