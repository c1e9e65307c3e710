using Mistral.Ilgpu.Checkpoints.Hub;
using Mistral.Ilgpu.Cli.Hub;
using Xunit;

namespace Mistral.Ilgpu.Tests.Hub;

/// <summary>A hub with a model in Hugging Face's layout, and an empty cache.</summary>
public abstract class HubPullFixture : IDisposable
{
    private protected const string Weights = "model.safetensors";

    private protected TemporaryFolder Cache { get; } = new();
    private protected TestHub Hub { get; } = new();

    protected HubPullFixture()
    {
        Hub.Files["config.json"] = HubFileBytes.Small("{}");
        Hub.Files["tokenizer.json"] = HubFileBytes.Large(2_500, seed: 2);
        Hub.Files[Weights] = HubFileBytes.Large(25_250);
        Hub.Files["README.md"] = HubFileBytes.Small("about");
        Hub.Files["pytorch_model.bin"] = HubFileBytes.Large(9);
    }

    private protected string Folder => Path.Combine(Cache.Path, "models--someone--model");

    private protected string Snapshot => Path.Combine(Folder, "snapshots", TestHub.Commit);

    public void Dispose()
    {
        Hub.Dispose();
        Cache.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static HubRepository Repository => HubRepository.Parse(TestHub.Name)!.Value.Repository;

    private protected Task<PullResult> Pull(string? file = null, HubSettings? settings = null, string revision = "main") =>
        new HubPull(settings ?? Hub.Settings(Cache.Path), (_, _) => { })
            .RunAsync(Repository, revision, file, TestContext.Current.CancellationToken);

    private protected IEnumerable<string> Tree() => Directory.EnumerateFiles(Cache.Path, "*", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(Cache.Path, path).Replace('\\', '/'));

    private protected void AssertPulled(params string[] files)
    {
        Assert.Equal(
            files.Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(Snapshot, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(Snapshot, path).Replace('\\', '/')).Order(StringComparer.Ordinal));
        Assert.All(files, file => Assert.Equal(Hub.Files[file].Bytes, File.ReadAllBytes(Path.Combine(Snapshot, file))));
    }
}
