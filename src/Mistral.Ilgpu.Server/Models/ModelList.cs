namespace Mistral.Ilgpu.Server.Models;

/// <summary>The models that requests may name: the model and its adapters.</summary>
internal sealed record ModelList(IReadOnlyList<ModelList.Entry> Data)
{
    public string Object { get; } = "list";

    /// <param name="Root">The model itself; of an adapter the adapter.</param>
    /// <param name="Parent">The model of an adapter.</param>
    /// <param name="MaxModelLen">Longest text in tokens; null for no limit.</param>
    internal sealed record Entry(string Id, long Created, string Root, string? Parent, int? MaxModelLen)
    {
        public string Object { get; } = "model";

        public string OwnedBy { get; } = "mistral.ilgpu";
    }
}
