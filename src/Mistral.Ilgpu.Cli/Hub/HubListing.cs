using System.Text.Json;
using Mistral.Ilgpu.Checkpoints.Hub;

namespace Mistral.Ilgpu.Cli.Hub;

/// <summary>The files of a repository at one commit, as the hub lists them.</summary>
internal sealed record HubListing(string Commit, IReadOnlyDictionary<string, HubListing.Entry> Files)
{
    /// <summary>A file; size and hash are null where the hub does not list them.</summary>
    internal sealed record Entry(long? Bytes, string? Etag);

    /// <param name="json">The answer of <c>/api/models/OWNER/NAME/revision/REVISION?blobs=true</c>.</param>
    /// <param name="where">The address, for messages.</param>
    public static HubListing Parse(byte[] json, string where)
    {
        var root = JsonFields.Parse(json, where);
        string commit = root.Text("sha") ?? "nothing";
        if (!HubFolder.IsCommit(commit))
        {
            throw root.Error("sha", commit, "a commit");
        }

        var files = new Dictionary<string, Entry>(StringComparer.Ordinal);
        foreach (var item in root.Find("siblings") is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray()]
            : Array.Empty<JsonElement>())
        {
            var file = root.Item("siblings", item);
            string name = file.Text("rfilename") ?? throw file.Error("rfilename", "nothing", "the name of a file");
            var large = file.Object("lfs");
            files[name] = new Entry(
                Bytes(large, "size") ?? Bytes(file, "size"), large is null ? file.Text("blobId") : large.Text("sha256"));
        }

        return new HubListing(commit, files);
    }

    private static long? Bytes(JsonFields? fields, string name) => fields?.Find(name) is { } value
        ? value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long bytes) && bytes >= 0
            ? bytes
            : throw fields.Error(name, value, "a whole number from 0")
        : null;
}
