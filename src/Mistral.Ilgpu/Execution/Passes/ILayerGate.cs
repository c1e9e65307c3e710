namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>Is told where passes go from layer to layer, so that the weights of each are there when its steps begin.</summary>
internal interface ILayerGate
{
    /// <summary>The next steps on the device's stream are those of a layer; earlier layers have all theirs.</summary>
    /// <param name="layer">See <see cref="Step.Layer"/>.</param>
    void Enter(string layer);

    /// <summary>The pass has ended, or was broken off.</summary>
    void Leave();
}
