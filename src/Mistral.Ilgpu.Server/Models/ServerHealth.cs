namespace Mistral.Ilgpu.Server.Models;

/// <summary>What the engines do now.</summary>
/// <param name="Status"><c>ok</c>, or what is wrong; of several models that of the best.</param>
/// <param name="Models">Of several models the status of each, which is <c>unloaded</c> where it waits for a request.</param>
internal sealed record ServerHealth(
    string Status, int Running, int Waiting, IReadOnlyDictionary<string, string>? Models = null);
