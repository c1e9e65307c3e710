namespace Mistral.Ilgpu;

/// <summary>Whether an <see cref="Engine"/> takes texts.</summary>
public enum EngineState
{
    /// <summary>It takes texts.</summary>
    Healthy,

    /// <summary>As many texts wait as may. Another is refused until one of them begins.</summary>
    Busy,

    /// <summary>Its device has failed. All texts are refused.</summary>
    Faulted,

    /// <summary>It was told to stop. All texts are refused.</summary>
    Stopped,
}
