using OpenQA.Selenium;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Page;

/// <summary>What the page asks the server for, and what it makes of refusals and calls.</summary>
[Collection(nameof(ChatBrowserCollection))]
public sealed class RequestTests(ChatBrowser page)
{
    [Fact]
    public void Settings_Saved_AreThoseOfTheRequest()
    {
        page.Open();
        page.Click("#open-settings");
        Fill("system", "Be brief.");
        Fill("temperature", "0,5");
        Fill("max_tokens", "20");
        Fill("stop", "END");
        Fill("schema", "{\"type\": ");
        page.Click("#settings-form .primary");
        Assert.StartsWith("JSON schema: ", page.Find("#settings-error")[0].Text, StringComparison.Ordinal);
        Fill("schema", """{"type":"object"}""");
        page.Click("#settings-form .primary");
        Assert.False(page.Run<bool>("return document.getElementById('settings').open"));

        page.Ask("Now");

        var request = page.Server.Requests[0];
        Assert.Equal(
            (0.5, 20, "END"),
            (request.GetProperty("temperature").GetDouble(), request.GetProperty("max_tokens").GetInt32(),
                request.GetProperty("stop")[0].GetString()));
        Assert.Equal("""[{"role":"system","content":"Be brief."},{"role":"user","content":"Now"}]""", page.Messages(0));
        var format = request.GetProperty("response_format");
        Assert.Equal("json_schema", format.GetProperty("type").GetString());
        Assert.Equal("""{"type":"object"}""", format.GetProperty("json_schema").GetProperty("schema").GetRawText());
        Assert.False(request.TryGetProperty("top_k", out _));
        Assert.Equal("system prompt · JSON schema", page.Find("#mode")[0].Text);
    }

    [Fact]
    public void Key_Needed_IsAskedForAndKeptForTheTab()
    {
        page.Open();
        page.Server.Key = "secret";
        page.Send("Hello?");
        page.Until(() => page.Find("#key")[0].Displayed);

        page.Find("#key")[0].SendKeys("secret" + Keys.Enter);

        page.Until(() => page.Find(".assistant .content").Any(content => content.Text == "Hello."));
        Assert.Single(page.Find(".assistant"));
        page.Reload();
        page.Server.Key = "secret";
        page.Ask("Again?");
        Assert.Equal(2, page.Server.Requests.Count);
        Assert.False(page.Run<bool>("return JSON.stringify(localStorage).includes('secret')"));
    }

    [Fact]
    public void Call_OfATool_IsShownAndItsResultSent()
    {
        page.Open();
        page.Server.Answer = request => page.Server.Requests.Count > 1 ? ScriptedServer.Say("It is sunny.") : ScriptedServer.Parts(
            """{"reasoning_content":"I should look."}""",
            """{"tool_calls":[{"index":0,"id":"abc123def","type":"function","function":{"name":"weather","arguments":""}}]}""",
            """{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}""",
            """{"tool_calls":[{"index":0,"function":{"arguments":"\"Paris\"}"}}]}""");
        page.Send("Weather?");
        page.UntilAnswered();

        Assert.Equal("weather", page.Find(".call-name")[0].Text);
        Assert.Equal("{\n  \"city\": \"Paris\"\n}", page.Run<string>("return document.querySelector('.call code').textContent"));
        Assert.Equal("Thoughts", page.Find(".reasoning summary")[0].Text);
        Assert.False(page.Run<bool>("return document.querySelector('.reasoning').open"));
        Assert.Equal("I should look.", page.Run<string>("return document.querySelector('.thought').textContent"));
        page.Find(".results textarea")[0].SendKeys("sunny");
        page.Click(".results .primary");
        page.UntilAnswered();

        Assert.Equal("It is sunny.", page.Find(".assistant .content")[^1].Text);
        Assert.Equal(
            """[{"role":"user","content":"Weather?"},{"role":"assistant","content":"","tool_calls":[{"id":"abc123def","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Paris\"}"}}]},{"role":"tool","tool_call_id":"abc123def","content":"sunny"}]""",
            page.Messages(1));
    }

    [Fact]
    public void Answer_Failed_SaysWhyAndMayBeMadeAgain()
    {
        page.Open();
        page.Server.Answer = _ => ScriptedServer.Parts("""{"content":"So"}""", """{"error":{"message":"the device failed"}}""");
        page.Send("Hello");
        page.UntilAnswered();

        Assert.Equal("the device failed", page.Find(".assistant .error")[0].Text);
        Assert.Equal("So", page.Find(".assistant .content")[0].Text);
        page.Server.Answer = _ => ScriptedServer.Say("Better.");
        page.Click("[aria-label='Answer again']");
        page.UntilAnswered();
        Assert.Equal("Better.", page.Find(".assistant .content")[0].Text);
    }

    private void Fill(string name, string value)
    {
        var field = page.Find($"[name='{name}']")[0];
        field.Clear();
        field.SendKeys(value);
    }
}
