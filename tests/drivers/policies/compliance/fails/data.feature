Feature: A data source that is not allowed

  Scenario: Offers are those of A100
    Given I have simplepod_offers data configured
    Then it must contain gpu_model
    And its value must match the "A100" regex
