namespace Mistral.Ilgpu.Server.Loading;

/// <summary>Loads a model.</summary>
/// <param name="heldOn">Gives the bytes that the other models hold of the device of an id.</param>
internal delegate Task<LanguageModel> ModelLoader(Func<string, long> heldOn, CancellationToken cancellation);
