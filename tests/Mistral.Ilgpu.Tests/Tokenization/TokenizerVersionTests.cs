using Mistral.Ilgpu.Tests.Chat;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Tokenization;

public sealed class TokenizerVersionTests
{
    // The control tokens that mistral-common's published templates of each version name.
    [Theory]
    [InlineData(null, "<|user|>")]
    [InlineData("v2", "[INST]")]
    [InlineData("v3", "[INST][AVAILABLE_TOOLS]")]
    [InlineData("v7", "[INST][AVAILABLE_TOOLS][SYSTEM_PROMPT]")]
    [InlineData("v11", "[INST][AVAILABLE_TOOLS][SYSTEM_PROMPT][ARGS][CALL_ID]")]
    [InlineData("v13", "[INST][AVAILABLE_TOOLS][SYSTEM_PROMPT][ARGS]")]
    [InlineData("v13", "[INST][AVAILABLE_TOOLS][SYSTEM_PROMPT][ARGS][THINK]")]
    [InlineData("v15", "[INST][AVAILABLE_TOOLS][SYSTEM_PROMPT][ARGS][MODEL_SETTINGS]")]
    [InlineData("v15", "[INST][AVAILABLE_TOOLS][SYSTEM_PROMPT][ARGS][MODEL_SETTINGS][THINK]")]
    public void OfTemplate_PublishedTemplate_IsItsVersion(string? version, string template) =>
        Assert.Equal(version, TokenizerVersion.OfTemplate(template));

    [Fact]
    public void Of_TokenizerThatDeclaresNone_IsToldByControlTokens()
    {
        Assert.Equal("v7", TokenizerVersion.Of(ChatTokenizers.OfPieces()));
        Assert.Equal("v15", TokenizerVersion.Of(control => ChatTokenizers.OfTekken("v1").FindControl(control) >= 0));
        Assert.Equal("v1", TokenizerVersion.Of(ChatTokenizers.OfTekken("v1")));
    }
}
